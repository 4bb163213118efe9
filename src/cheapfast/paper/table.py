"""The claims as a sequence that prints as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import fields
from typing import overload

from cheapfast._tables import html_table
from cheapfast.paper.frame import Claim, Value


class Claims(Sequence[Claim]):
    """Claims of the paper, list-like; prints as a table.

    Parameters
    ----------
    rows : sequence of Claim
        The rows, in the order of the paper.
    """

    def __init__(self, rows: Sequence[Claim]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> Claim: ...
    @overload
    def __getitem__(self, index: slice) -> Claims: ...
    def __getitem__(self, index: int | slice) -> Claim | Claims:
        return Claims(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Claims) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        return text_table(self._rows)

    def _repr_html_(self) -> str:
        names = [field.name.replace("_", " ") for field in fields(Claim)]
        rows = [
            [format_value(getattr(claim, field.name)) for field in fields(Claim)]
            for claim in self._rows
        ]
        return html_table(names, rows)


def format_value(value: Value) -> str:
    """Write a value for people: numbers with six digits, large integers in scientific form.

    Parameters
    ----------
    value : int, float or str
        As in a `Claim`.

    Returns
    -------
    str

    Examples
    --------
    >>> format_value(15.058823529), format_value(65536), format_value(2**60), format_value("n / 2k")
    ('15.0588', '65536', '1.15292e+18', 'n / 2k')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) < 10**9:
        return str(value)
    return f"{value:.6g}"


#: Heading and width of the columns of the printed table; the note follows below a row.
_COLUMNS = (("eq.", 8), ("statement", 42), ("paper", 18), ("computed", 18), ("verdict", 9))
_GAP = "  "


def text_table(rows: Sequence[Claim]) -> str:
    """Lay the claims out as text, 103 columns wide.

    Parameters
    ----------
    rows : sequence of Claim
        What to print.

    Returns
    -------
    str
    """
    headings = _lay_out([name for name, _ in _COLUMNS])
    rule = "-" * (sum(width for _, width in _COLUMNS) + len(_GAP) * (len(_COLUMNS) - 1))
    blocks = [line for claim in rows for line in [*_text_row(claim), ""]]
    return "\n".join([*headings, rule, *blocks]).rstrip()


def _text_row(claim: Claim) -> list[str]:
    """Lines of one row: the cells, then the note."""
    cells = [
        claim.equation,
        claim.statement,
        format_value(claim.paper_value),
        format_value(claim.computed_value),
        claim.verdict,
    ]
    indent = " " * (_COLUMNS[0][1] + len(_GAP))
    note = textwrap.wrap(claim.note, width=90, initial_indent=indent, subsequent_indent=indent)
    return _lay_out(cells) + note


def _lay_out(cells: Sequence[str]) -> list[str]:
    """Wrap each cell to its column and put the columns side by side."""
    columns = [
        textwrap.wrap(cell, width) or [""] for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
    ]
    height = max(len(column) for column in columns)
    lines = []
    for i in range(height):
        parts = [
            (column[i] if i < len(column) else "").ljust(width)
            for column, (_, width) in zip(columns, _COLUMNS, strict=True)
        ]
        lines.append(_GAP.join(parts).rstrip())
    return lines
