"""A plan of what to merge as a table: for terminals and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from cheapfast.flattening.merge_groups import MergeGroup
from cheapfast.network.display import elided
from cheapfast.plan.prediction.seconds import seconds_text

HEADINGS = (
    "layers",
    "nonzeros",
    "merged",
    "multiply out",
    "apply before",
    "after",
    "pays above",
)


Row = tuple[str, ...]


def as_lines(rows: Sequence[Row]) -> list[str]:
    """Write a table for terminals.

    Parameters
    ----------
    rows : sequence of tuple of str
        The first is the headings.

    Returns
    -------
    list of str
        Columns flush right; of many rows only the first and the last.
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
    head, *body = (
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return [head, *elided(body)]


def row(group: MergeGroup) -> Row:
    """Write a group as a row of the table.

    Parameters
    ----------
    group : MergeGroup

    Returns
    -------
    tuple of str
    """
    which = str(group.start) if not group.is_merged else f"{group.start}-{group.stop - 1}"
    before, after = (seconds_text(s) for s in (group.seconds_before, group.seconds_after))
    if not group.is_merged:
        return (which, _count(group.nonzeros), "", "", before, after, "")
    mark = "" if group.exact else "~"
    pays = "never" if group.break_even is None else f"{group.break_even:,}"
    return (
        which,
        _count(group.nonzeros),
        mark + _count(group.merged_nonzeros),
        seconds_text(group.build_seconds),
        before,
        after,
        pays,
    )


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
