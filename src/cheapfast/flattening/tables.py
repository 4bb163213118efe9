"""Results as tables in notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def html_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in HTML.

    Parameters
    ----------
    headings : sequence of str
        Of the columns, in HTML.
    rows : iterable of sequences of str
        Plain text.

    Returns
    -------
    str

    Examples
    --------
    >>> html_table(("a", "b"), [("1", "<2")])
    '<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>&lt;2</td></tr></table>'
    """
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><tr>{head}</tr>{body}</table>"
