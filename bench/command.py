"""The command ``cheapfast bench``: which workloads, which peers, and where the results go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cheapfast._replacing import replacing, require_writable

from . import peers as peer_registry
from . import workloads as workload_registry
from .model import Peer, Workload
from .report import print_judgements
from .requirements import judge
from .run import run, to_json
from .timing import Settings

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
    "prediction",
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
