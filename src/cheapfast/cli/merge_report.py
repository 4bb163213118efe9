"""What ``cheapfast merge`` found: as a sentence and a table for people, as JSON for machines."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    import cheapfast as cf


@dataclass(frozen=True)
class MergeReport:
    """The answer of ``cheapfast merge``.

    Parameters
    ----------
    plan : cheapfast.MergePlan
    names : tuple of str
        One for each layer, in data-flow order.
    """

    plan: cf.MergePlan
    names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as what ``json.dumps`` takes.

        Returns
        -------
        dict
            Layers by their position from 0, `stop` not included; null where a number is not known,
            or not finite.
        """
        plan = self.plan
        timings = {"apart": plan.apart, "multiplied": plan.multiplied, "chosen": plan.chosen}
        return {
            "advice": plan.advice(self.names),
            "objective": plan.objective,
            "applications": plan.applications,
            "batch": plan.batch,
            "threads": plan.threads,
            "predicted_seconds": _finite(plan.predicted_seconds),
            "break_even": plan.break_even,
            "pays": [{"start": start, "stop": stop} for start, stop in plan.pays],
            "complete": plan.complete,
            **{
                name: {"build_seconds": _finite(line.build), "apply_seconds": _finite(line.apply)}
                for name, line in timings.items()
            },
            "groups": [
                {
                    **{key: _finite(value) for key, value in asdict(group).items()},
                    "names": list(self.names[group.start : group.stop]),
                }
                for group in plan.groups
            ],
        }

    def renderables(self) -> list[RenderableType]:
        """Return what to print: the table, what it rests on, and the sentence.

        Returns
        -------
        list of str or rich renderable
        """
        from rich.markup import escape

        return [
            self._table(),
            escape(self.plan.summary()),
            escape(self.plan.certainty()),
            f"[bold]{escape(self.plan.advice(self.names))}[/bold]",
        ]

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(caption="data-flow order: the first row is applied first", highlight=False)
        table.add_column("#", justify="right")
        table.add_column("layers", overflow="fold")
        (_, *headings), *rows = self.plan.rows()
        for heading in headings:
            table.add_column(heading, justify="right", overflow="fold")
        for group, (_, *cells) in zip(self.plan.groups, rows, strict=True):
            first, last = group.start + 1, group.stop
            names = ", ".join(self.names[group.start : group.stop])
            table.add_row(
                str(first) if first == last else f"{first}-{last}",
                Text(names),  # a file name may hold rich's markup
                *cells,
            )
        return table


def _finite(value: Any) -> Any:
    # JSON has no infinity
    return None if isinstance(value, float) and not math.isfinite(value) else value
