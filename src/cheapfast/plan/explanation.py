"""What a plan does, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from cheapfast._memory import human
from cheapfast.plan.cost import Cost
from cheapfast.plan.passes import Plan
from cheapfast.plan.shapes import Shape

_HEADINGS = ("pass", "kernel", "layers", "shape", "bytes", "flops")


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
    """

    kernel: str
    start: int
    stop: int
    shape: Shape
    cost: Cost | None


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
    """

    passes: tuple[PassCost, ...]
    columns: int
    dtype: np.dtype[Any]

    @property
    def total(self) -> Cost | None:
        """Cost of all passes; None if that of one is not known."""
        total = Cost(0, 0)
        for step in self.passes:
            if step.cost is None:
                return None
            total += step.cost
        return total

    def __repr__(self) -> str:
        rows = [_HEADINGS, *self._rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(len(_HEADINGS))]
        left = (False, True, True, False, False, False)
        lines = [
            "  ".join(
                text.ljust(width) if is_left else text.rjust(width)
                for text, width, is_left in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([f"{self._title()}:", *lines])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>"
            for row in self._rows()
        )
        return (
            f"<div><p>{escape(self._title())}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _title(self) -> str:
        passes = "pass" if len(self.passes) == 1 else "passes"
        vectors = "vector" if self.columns == 1 else "vectors"
        return f"{len(self.passes)} {passes} for {self.columns} {self.dtype} {vectors}"

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [
            (
                str(i),
                step.kernel,
                str(step.start) if step.stop == step.start + 1 else f"{step.start}-{step.stop - 1}",
                f"{step.shape[0]}x{step.shape[1]}",
                *_cost_texts(step.cost),
            )
            for i, step in enumerate(self.passes)
        ]
        return [*rows, ("", "total", "", "", *_cost_texts(self.total))]


def explain(plan: Plan, columns: int, dtype: np.dtype[Any]) -> Explanation:
    """Return the costs of a plan's passes.

    Parameters
    ----------
    plan : Plan
    columns : int
        Number of vectors.
    dtype : numpy.dtype
        Their type; the costs are as if it stayed that through the network.

    Returns
    -------
    Explanation
    """
    rows = [
        PassCost(step.kernel, step.start, step.stop, step.shape, step.cost(columns, dtype))
        for step in plan.passes
    ]
    return Explanation(tuple(rows), columns, dtype)


def _cost_texts(cost: Cost | None) -> tuple[str, str]:
    return ("unknown", "unknown") if cost is None else (human(cost.bytes), f"{cost.flops:,}")
