"""``cheapfast paper``: the paper's claims, computed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

import cheapfast as cf

from .console import show
from .errors import DISAGREES
from .numbers import format_count

EXAMPLES = """\b
Examples:
  cheapfast paper
  cheapfast paper --json
"""

_STYLES = {"agrees": "green", "slip in the text": "yellow", "disagrees": "bold red"}


@click.command(epilog=EXAMPLES, short_help="Compute the paper's claims about flattening.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def paper(as_json: bool) -> int:
    """Compute the claims of "Why does deep and cheap learning work so well?" and compare.

    Nothing is stored: every number is computed when the command runs. Exit code 1 if this package
    computes something else than the mathematics demands; a slip in the paper's text is no failure.
    """
    claims = cf.paper.claims()
    if as_json:
        click.echo(json.dumps([_plain(claim) for claim in claims]))
    else:
        _print(claims)
    return DISAGREES if any(claim.verdict == "disagrees" for claim in claims) else 0


def _plain(claim: Any) -> dict[str, Any]:
    # JSON has no nan and no infinity
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(claim).items()
    }


def _print(claims: Sequence[Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for heading in ("equation", "statement", "paper", "computed", "verdict", "note"):
        table.add_column(heading, overflow="fold")
    for claim in claims:
        table.add_row(
            claim.equation,
            Text(claim.statement),
            Text(_show(claim.paper_value)),
            Text(_show(claim.computed_value)),
            Text(claim.verdict, style=_STYLES.get(claim.verdict, "")),
            Text(claim.note),
        )
    verdicts = [claim.verdict for claim in claims]
    counts = ", ".join(f"{verdict}: {verdicts.count(verdict)}" for verdict in _STYLES)
    show(table, f"{len(verdicts)} claims; {counts}", width=160)


def _show(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return format_count(value) if isinstance(value, int) else f"{value:.10g}"
