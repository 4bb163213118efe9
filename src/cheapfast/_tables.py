"""Results as HTML, for notebooks: tables with headings, and lists of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


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
    >>> html_table(("a", "C<sub>s</sub>"), [("1", "<2")])
    '<table><thead><tr><th>a</th><th>C<sub>s</sub></th></tr></thead>...<td>&lt;2</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_facts(facts: Iterable[tuple[str, str]]) -> str:
    """Write what is known of one thing, a row for each fact.

    Parameters
    ----------
    facts : iterable of (str, str)
        Its name, in HTML, and what it is, plain text.

    Returns
    -------
    str

    Examples
    --------
    >>> html_facts([("C<sub>s</sub>", "< 1")])
    '<table><tr><th>C<sub>s</sub></th><td>&lt; 1</td></tr></table>'
    """
    rows = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    return f"<table>{rows}</table>"
