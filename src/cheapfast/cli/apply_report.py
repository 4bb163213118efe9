"""What ``cheapfast apply`` did: the passes and the time, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cheapfast as cf

from .numbers import format_count, format_ratio

if TYPE_CHECKING:
    import numpy as np
    from rich.console import RenderableType
    from rich.table import Table

    from cheapfast._stopwatch import Timing


@dataclass(frozen=True)
class ApplyReport:
    """The answer of ``cheapfast apply``.

    Parameters
    ----------
    network : cheapfast.Network
    explanation : Explanation
        Its passes, for as many vectors as it was applied to.
    given : tuple of int
        Shape of the vectors.
    result : ndarray
    timing : Timing
    """

    network: cf.Network
    explanation: cf.plan.Explanation
    given: tuple[int, ...]
    result: np.ndarray[Any, Any]
    timing: Timing

    @property
    def rate(self) -> float:
        """Synapses applied in a second, each to every vector."""
        work = self.network.synapses * self.explanation.columns
        return work / max(self.timing.seconds, 1e-9)

    def to_json(self) -> dict[str, Any]:
        """Return the report as what ``json.dumps`` takes.

        Returns
        -------
        dict
            null where a pass does not say what it costs.
        """
        return {
            "input_shape": list(self.given),
            "output_shape": list(self.result.shape),
            "dtype": str(self.result.dtype),
            "synapses": self.network.synapses,
            "vectors": self.explanation.columns,
            "seconds": self.timing.seconds,
            "calls": self.timing.calls,
            "predicted_seconds": self.explanation.seconds,
            "synapses_per_second": self.rate,
            "passes": [
                {
                    "kernel": step.kernel,
                    "start": step.start,
                    "stop": step.stop,
                    "shape": list(step.shape),
                    "bytes": None if step.cost is None else step.cost.bytes,
                    "flops": None if step.cost is None else step.cost.flops,
                    "predicted_seconds": step.seconds,
                }
                for step in self.explanation.passes
            ],
        }

    def renderables(self) -> list[RenderableType]:
        """Return what to print: the passes, and the time.

        Returns
        -------
        list of str or rich renderable
        """
        calls = "1 call" if self.timing.calls == 1 else f"{self.timing.calls:,} calls"
        fastest = calls if self.timing.calls == 1 else f"the fastest of {calls}"
        return [
            self._table(),
            f"result     {_shape(self.result.shape)} {self.result.dtype}",
            f"synapses   {format_count(self.network.synapses)} in {self.network.depth} layers",
            f"[bold]time       {cf.plan.seconds_text(self.timing.seconds)}[/bold] ({fastest})",
            f"rate       {format_ratio(self.rate / 1e9)} billion synapses a second",
        ]

    def _table(self) -> Table:
        from rich.table import Table

        headings, *rows = self.explanation.rows()
        table = Table(caption="data-flow order: the first row is applied first", highlight=False)
        for heading in headings:
            text = heading in {"kernel", "layers"}
            table.add_column(heading, justify="left" if text else "right")
        for row in rows:
            table.add_row(*row)
        return table


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{length:,}" for length in shape)
