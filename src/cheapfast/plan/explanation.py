"""What a plan does, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast._memory import human
from cheapfast._tables import html_table
from cheapfast.plan.cost import Cost
from cheapfast.plan.plan import Plan
from cheapfast.plan.prediction.seconds import Pricer, seconds_text
from cheapfast.plan.prediction.sparse_seconds import Vectors
from cheapfast.plan.shapes import Shape

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.prediction.machine import Machine

_HEADINGS = ("pass", "kernel", "layers", "shape", "bytes", "flops", "predicted")


@dataclass(frozen=True)
class PassCost:
    """One row of an explanation.

    Parameters
    ----------
    kernel : str
        Who does the work.
    start, stop : int
        The layers that the pass applies: positions start to stop - 1.
    shape : (int, int)
        Outputs and inputs.
    cost : Cost or None
        None if an Operator does not say.
    seconds : float or None
        Predicted; None if an Operator does not say.
    folded : tuple of str
        What the kernel does besides: ``diagonal``, ``permutation``, ``bias``.
    """

    kernel: str
    start: int
    stop: int
    shape: Shape
    cost: Cost | None
    seconds: float | None = None
    folded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Which kernels apply a network, and what each costs. Prints as a table.

    Parameters
    ----------
    passes : tuple of PassCost
        In data-flow order.
    columns : int
        Number of vectors that the costs are for.
    dtype : numpy.dtype
        Type of the vectors.
    call_seconds : float
        Predicted, of a call before its passes do anything.
    """

    passes: tuple[PassCost, ...]
    columns: int
    dtype: np.dtype[Any]
    call_seconds: float = 0.0

    @property
    def total(self) -> Cost | None:
        """Cost of all passes; None if that of one is not known."""
        total = Cost(0, 0)
        for step in self.passes:
            if step.cost is None:
                return None
            total += step.cost
        return total

    @property
    def seconds(self) -> float | None:
        """Predicted time of one call; None if that of one is not known.

        The passes and the call itself, on contiguous arrays with the vectors side by side, by a
        model with rates measured on this machine: mostly right within a quarter, at times off by a
        factor of two.
        """
        known = [step.seconds for step in self.passes if step.seconds is not None]
        return self.call_seconds + sum(known) if len(known) == len(self.passes) else None

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as texts: the headings, a row for every pass, the total.

        Returns
        -------
        list of tuple of str
        """
        passes = [
            (
                str(i),
                f"{step.kernel} + {', '.join(step.folded)}" if step.folded else step.kernel,
                str(step.start) if step.stop == step.start + 1 else f"{step.start}-{step.stop - 1}",
                f"{step.shape[0]}x{step.shape[1]}",
                *_cost_texts(step.cost),
                seconds_text(step.seconds),
            )
            for i, step in enumerate(self.passes)
        ]
        total = ("", "total", "", "", *_cost_texts(self.total), seconds_text(self.seconds))
        call = ("", "call", "", "", "", "", seconds_text(self.call_seconds))
        return [_HEADINGS, *passes, call, total]

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[k]) for row in rows) for k in range(len(_HEADINGS))]
        left = (False, True, True, False, False, False, False)
        lines = [
            "  ".join(
                text.ljust(width) if is_left else text.rjust(width)
                for text, width, is_left in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([f"{self._title()}:", *lines])

    def _repr_html_(self) -> str:
        headings, *rows = self.rows()
        return f"<div><p>{escape(self._title())}</p>{html_table(headings, rows)}</div>"

    def _title(self) -> str:
        passes = "pass" if len(self.passes) == 1 else "passes"
        vectors = "vector" if self.columns == 1 else "vectors"
        return f"{len(self.passes)} {passes} for {self.columns} {self.dtype} {vectors}"


def explain(
    plan: Plan, layers: Sequence[Layer], columns: int, dtype: np.dtype[Any], machine: Machine
) -> Explanation:
    """Return the costs of a plan's passes.

    Parameters
    ----------
    plan : Plan
    layers : sequence of Layer
        That it applies.
    columns : int
        Number of vectors.
    dtype : numpy.dtype
        Their type; the costs are as if it stayed that through the network. Complex vectors of a
        real linear map go through it as two real ones each.
    machine : Machine
        Whose seconds to predict.

    Returns
    -------
    Explanation
    """
    vectors = Vectors(columns, dtype)
    if plan.splits and dtype.kind == "c":
        vectors = Vectors(2 * columns, np.empty(0, dtype).real.dtype)
    pricer = Pricer.of_plan(plan, layers, vectors, machine)
    rows = []
    for step in plan.passes:
        seconds = pricer.passed(step, layers)
        rows.append(
            PassCost(
                step.kernel,
                step.start,
                step.stop,
                step.shape,
                step.cost(*vectors),
                None if seconds is None else sum(seconds),
                step.folded,
            )
        )
    return Explanation(tuple(rows), columns, dtype, pricer.call_seconds)


def _cost_texts(cost: Cost | None) -> tuple[str, str]:
    return ("unknown", "unknown") if cost is None else (human(cost.bytes), f"{cost.flops:,}")
