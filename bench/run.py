"""The runner: which workloads, which peers, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cheapfast._replacing import replacing, require_writable

from . import peers as peer_registry
from . import workloads as workload_registry
from .applying import Application, time_applications
from .counting import Product, time_counts
from .deviations import Deviation, measure_deviation
from .estimates import Estimation, time_estimates
from .flattening import LeastCount
from .judging import Judgement
from .machine import held_to, record
from .memory import measure_memory
from .merging import MergeProblem, time_merging
from .model import Peer, UnavailableError, Workload
from .report import print_judgements, print_workload
from .requirements import judge, judge_latest
from .results import Results, Skip
from .startup import measure_import
from .timing import Settings, let_openmp_sleep
from .trials import Trials, measure_share
from .unflattening import FlatMatrix, time_searches

if TYPE_CHECKING:
    from rich.console import Console

FAILED = 1
TOPICS = (
    "count",
    "estimate",
    "memory",
    "import",
    "apply",
    "flatten",
    "merge",
    "unflatten",
    "gates",
)

EXAMPLES = """\b
Examples:
  cheapfast bench --quick
  cheapfast bench --only count --threads 1,2 --json out.json
  cheapfast bench --workload rmat-17 --peer cheapfast --peer scipy
  cheapfast bench --threads 1,2 --check-targets
"""


def _thread_counts(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    """Read numbers of threads such as ``1`` or ``1,2``."""
    try:
        counts = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of whole numbers such as 1,2") from None
    if min(counts) < 1 or len(set(counts)) < len(counts):
        raise click.BadParameter(f"{value!r}: threads must be at least 1, each number once")
    return counts


@click.command(epilog=EXAMPLES, short_help="Measure against other libraries.")
@click.option("--only", type=click.Choice(TOPICS), help="Only one topic.")
@click.option("--workload", "workload_names", multiple=True, metavar="NAME", help="Repeatable.")
@click.option("--peer", "peer_names", multiple=True, metavar="NAME", help="Repeatable.")
@click.option("--repeat", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--threads",
    callback=_thread_counts,
    metavar="N[,N...]",
    default="1",
    show_default=True,
    help="Each is measured.",
)
@click.option("--quick", is_flag=True, help="Small sizes: seconds instead of minutes.")
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="A peer that used more on a workload is not repeated.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the results to a file.",
)
@click.option(
    "--check-targets", is_flag=True, help="Compare with what is required; exit code 1 if missed."
)
@click.option("--list", "list_names", is_flag=True, help="List workloads and peers.")
@click.pass_context
def bench(
    ctx: click.Context,
    only: str | None,
    workload_names: tuple[str, ...],
    peer_names: tuple[str, ...],
    repeat: int,
    threads: tuple[int, ...],
    quick: bool,
    max_seconds: float,
    json_path: Path | None,
    check_targets: bool,
    list_names: bool,
) -> None:
    """Measure how fast cheapfast counts and applies, against other libraries.

    Answers are compared before anything is timed: a difference ends with exit code 1. A peer that
    is not installed, or that would not fit in memory, is left out and the reason is printed.
    """
    if check_targets and quick:
        raise click.UsageError("--check-targets needs the full sizes: leave out --quick")
    workloads = select_workloads(only, workload_names)
    peers = select_peers(peer_names)
    if list_names:
        _list(workloads, peers)
        return
    if json_path is not None:
        require_writable(json_path)
    settings = Settings("quick" if quick else "full", repeat, threads, max_seconds)
    console = _console()
    results = run(workloads, peers, settings, console)
    judgements = judge(results) if check_targets else []
    if check_targets:
        print_judgements(console, judgements, {workload.name for workload in workloads})
    if json_path is not None:
        document = to_json(results, judgements, settings, peers)
        with replacing(json_path) as file:
            file.write((json.dumps(document, indent=1) + "\n").encode())
        click.echo(f"written to {json_path}", err=True)
    missed = any(judgement.met is False for judgement in judgements)
    if results.mismatches or missed:
        ctx.exit(FAILED)


def run(
    workloads: Sequence[Workload],
    peers: Sequence[Peer],
    settings: Settings,
    console: Console | None = None,
) -> Results:
    """Run the workloads one after the other.

    Parameters
    ----------
    workloads : sequence of Workload
        What to measure.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure.
    console : rich.console.Console, optional
        Where to print each workload when it is done.

    Returns
    -------
    Results
    """
    let_openmp_sleep()
    total = Results()
    names = [workload.name for workload in workloads]
    for number, workload in enumerate(workloads, start=1):
        results = _run_one(workload, peers, settings)
        total.extend(results)
        if console is not None:
            is_full = settings.size == "full"  # which requirements are about
            judgements = judge_latest(total, names[:number], names[number:]) if is_full else []
            print_workload(console, workload, results, judgements)
    return total


def to_json(
    results: Results,
    judgements: Sequence[Judgement],
    settings: Settings,
    peers: Sequence[Peer],
) -> dict[str, Any]:
    """Put together what is written to a file.

    Parameters
    ----------
    results : Results
        What was found out.
    judgements : sequence of Judgement
        Requirements, if they were checked.
    settings : Settings
        How it was measured.
    peers : sequence of Peer
        Whose versions to record.

    Returns
    -------
    dict
        Plain values; counts are exact integers.
    """
    return {
        "machine": record(peers),
        "settings": asdict(settings),
        "figures": [figure.to_json() for figure in results.figures],
        "skipped": [asdict(skip) for skip in results.skips],
        "mismatches": [mismatch.to_json() for mismatch in results.mismatches],
        "requirements": [judgement.to_json() for judgement in judgements],
    }


def select_workloads(only: str | None, names: Sequence[str]) -> list[Workload]:
    """Choose workloads.

    Parameters
    ----------
    only : str, optional
        A topic.
    names : sequence of str
        Names; none means all.

    Returns
    -------
    list of Workload

    Raises
    ------
    click.UsageError
        If a name is unknown.
    """
    known = {workload.name: workload for workload in workload_registry.ALL}
    _check_names("workload", names, known)
    return [
        workload
        for name, workload in known.items()
        if (not names or name in names) and only in (None, workload.topic)
    ]


def select_peers(names: Sequence[str]) -> list[Peer]:
    """Choose peers.

    Parameters
    ----------
    names : sequence of str
        Names; none means all.

    Returns
    -------
    list of Peer

    Raises
    ------
    click.UsageError
        If a name is unknown.
    """
    _check_names("peer", names, dict.fromkeys(peer.name for peer in peer_registry.ALL))
    return [peer for peer in peer_registry.ALL if not names or peer.name in names]


def main() -> None:
    """Run from ``python -m cheapfast.bench``; ends the process with the exit code."""
    bench.main(prog_name="python -m cheapfast.bench")


def _run_one(workload: Workload, peers: Sequence[Peer], settings: Settings) -> Results:
    if workload.measure == "import":
        return measure_import(workload, settings)
    try:
        problem = workload.build(**workload.sizes[settings.size])
    except UnavailableError as error:
        return Results(skips=[Skip(workload.name, "*", str(error))])
    with held_to(workload.target) as reason:
        if reason is not None:
            return Results(skips=[Skip(workload.name, "*", reason)])
        if isinstance(problem, Application):
            return time_applications(workload, problem, peers, settings)
        if isinstance(problem, FlatMatrix):
            return time_searches(workload, problem, peers, settings)
        if isinstance(problem, Estimation):
            return time_estimates(workload, problem, peers, settings)
        if isinstance(problem, Trials):
            return measure_share(workload, problem)
        if isinstance(problem, Deviation):
            return measure_deviation(workload, problem)
        if isinstance(problem, MergeProblem):
            return time_merging(workload, problem, settings)
        if isinstance(problem, LeastCount):
            return time_counts(workload, problem, peers, settings)
        assert isinstance(problem, Product)
        measure = measure_memory if workload.measure == "memory" else time_counts
        return measure(workload, problem, peers, settings)


def _check_names(kind: str, names: Sequence[str], known: dict[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise click.UsageError(f"unknown {kind} {name!r}: choose from {', '.join(known)}")


def _list(workloads: Sequence[Workload], peers: Sequence[Peer]) -> None:
    click.echo("workloads:")
    for workload in workloads:
        click.echo(f"  {workload.name:<22} {workload.title}")
    click.echo("peers:")
    for name, reason in {peer.name: peer.missing() for peer in peers}.items():
        click.echo(f"  {name:<22} {'' if reason is None else reason}".rstrip())


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)
