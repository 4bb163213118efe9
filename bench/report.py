"""Printing a run: one table a workload, ratios against cheapfast, and what was missed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from .judging import OWN, Judgement
from .model import Measure, Workload
from .results import Figure, Results

if TYPE_CHECKING:
    from rich.console import Console

_LAST: dict[str, str] = {
    "apply": "of the roof",
    "unflatten": "saved",
    "prediction": "predicted",
}
_VERDICTS = {
    False: "[bold red]missed[/bold red]",
    None: "[yellow]not measured[/yellow]",
    True: "[green]reached[/green]",
}


def print_workload(
    console: Console, workload: Workload, results: Results, judgements: Sequence[Judgement] = ()
) -> None:
    """Print what came out of one workload.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    workload : Workload
        The workload.
    results : Results
        Its results and nothing else.
    judgements : sequence of Judgement, optional
        What is required of it, or of workloads before that were waiting for it.
    """
    from rich.markup import escape

    console.print(f"[bold]{escape(workload.name)}[/bold]  {escape(workload.title)}")
    for mismatch in results.mismatches:
        console.print("  [bold red]the answers differ; nothing was timed[/bold red]")
        for peer, answer in mismatch.answers.items():
            console.print(f"    {escape(peer)}: {answer}")
    if results.figures:
        _print_figures(console, workload.measure, results.figures)
    for entry in judgements:
        whose = "" if entry.workload == workload.name else f"{entry.workload}: "
        console.print(
            f"  {escape(whose + entry.requirement)}: {_measured(entry)}, required {entry.sense} "
            f"{entry.required:g}: {_VERDICTS[entry.met]}",
            soft_wrap=True,
        )
    for reason, skipped in _by_reason(results).items():
        names = ", ".join(skipped)
        console.print(f"  left out: {escape(names)}: {escape(reason)}", soft_wrap=True)
    console.print()


def print_judgements(
    console: Console, judgements: Sequence[Judgement], chosen: Collection[str]
) -> None:
    """Print the requirements, in the order given.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    judgements : sequence of Judgement
        What to print.
    chosen : collection of str
        Names of the workloads that ran: of others only the number of requirements is printed.
    """
    from rich.table import Table

    shown = [one for one in judgements if one.met is not None or one.workload in chosen]
    table = Table(title="Requirements")
    for heading in ("workload", "requirement", "required", "measured", ""):
        table.add_column(
            heading, justify="right" if heading in {"required", "measured"} else "left"
        )
    for entry in shown:
        table.add_row(
            entry.workload,
            entry.requirement,
            f"{entry.sense} {entry.required:g}",
            _measured(entry),
            _VERDICTS[entry.met],
        )
    console.print(table)
    if others := len(judgements) - len(shown):
        console.print(f"{others} requirements are about workloads that were not chosen.")


def _measured(entry: Judgement) -> str:
    return "-" if entry.measured is None else f"{entry.measured:.3g}"


def format_value(value: float, measure: Measure) -> str:
    """Write seconds or bytes with a unit that fits, other numbers without.

    Parameters
    ----------
    value : float
        Seconds, bytes, a share or an error.
    measure : str
        Which.

    Returns
    -------
    str

    Examples
    --------
    >>> format_value(0.0123, "time"), format_value(13.4e6, "memory")
    ('12.3 ms', '13.4 MB')
    """
    if measure == "memory":
        return f"{value / 1e6:.1f} MB"
    if measure == "share":
        return f"{100 * value:.4g}%"
    if measure == "error":
        return f"{value:.3g}"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def _print_figures(console: Console, measure: Measure, figures: Sequence[Figure]) -> None:
    from rich.table import Table

    table = Table()
    table.add_column("peer")
    last = _LAST.get(measure, "nonzeros")
    for heading in ("threads", "minimum", "median", f"times {OWN}", last):
        table.add_column(heading, justify="right")
    table.add_column("answer")
    for figure in figures:
        table.add_row(
            figure.peer,
            str(figure.threads),
            format_value(figure.minimum, measure),
            format_value(figure.median, measure),
            _ratio(figure, figures),
            _last(figure),
            _verdict(figure),
        )
    console.print(table)


def _last(figure: Figure) -> str:
    if figure.roof is not None:
        return str(figure.roof)
    if figure.finding is not None:
        return f"{figure.finding.saving:.2f}x"
    if figure.predicted:
        told = format_value(min(figure.predicted), figure.measure)
        return f"{told}, {min(figure.predicted) / figure.minimum:.2f}x"
    return "" if figure.answer is None else _count(figure.answer.flat)


def _verdict(figure: Figure) -> str:
    if figure.answer is None and figure.measure != "apply":
        return ""
    return "equal" if figure.checked else "not checked"


def _by_reason(results: Results) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for skip in results.skips:
        reasons.setdefault(skip.reason, []).append(skip.peer)
    return reasons


def _count(count: int) -> str:
    # 2^120 in digits would be wider than the rest of the table
    if count > 10**15 and count & (count - 1) == 0:
        return f"2^{count.bit_length() - 1}"
    return f"{count:,}"


def _ratio(figure: Figure, figures: Sequence[Figure]) -> str:
    # at the same number of threads; a peer of one thread is compared with one thread
    own = [f.minimum for f in figures if f.peer == OWN and f.threads == figure.threads]
    if not own or own[0] == 0:
        return "-"
    return f"{figure.minimum / own[0]:.2f}"
