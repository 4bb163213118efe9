"""``cheapfast merge``: fuse or apply, the everyday answer."""

from __future__ import annotations

import json
from pathlib import Path

import click

import cheapfast as cf
from cheapfast import _memory

from .console import show
from .counts import Count
from .merge_report import MergeReport
from .specs import read_network, require_output

EXAMPLES = """\b
Examples:
  cheapfast merge R.npz A.npz P.npz --applications 100 --batch 8
  cheapfast merge R.npz A.npz P.npz --applications 1e6 -o merged.npz
  cheapfast merge R.npz A.npz P.npz --objective synapses --json
"""


@click.command(epilog=EXAMPLES, short_help="Say which layers to multiply out, and when it pays.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--applications",
    type=Count(),
    default=1,
    show_default=True,
    metavar="N",
    help="How often the network will be applied.",
)
@click.option(
    "--batch",
    type=Count(),
    default=1,
    show_default=True,
    metavar="N",
    help="To how many vectors at a time.",
)
@click.option(
    "--objective",
    type=click.Choice(["time", "synapses"]),
    default="time",
    show_default=True,
    help="What to have least of.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with exact integers.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Multiply out, and save the merged network (.npz).",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads (default: all CPUs).")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Consider no product that needs more, for example 8G; exit code 3 if a count would.",
)
@click.option("--recalibrate", is_flag=True, help="Measure the rates of this machine anew first.")
@click.option("--progress/--no-progress", default=True, help="Bar on a terminal for long work.")
def merge(
    specs: tuple[str, ...],
    applications: int,
    batch: int,
    objective: str,
    as_json: bool,
    output: Path | None,
    threads: int | None,
    memory_limit: str | None,
    recalibrate: bool,
    progress: bool,
) -> None:
    """Say which neighbouring layers to multiply out, and from how many applications on it pays.

    SPEC is what `cheapfast flatten` takes: files in matrix order (the last one is applied first),
    one saved network, or a built-in such as fft:1024.

    Times are predicted from rates of this machine, measured once in less than a second and kept in
    the user's cache folder (or the folder that CHEAPFAST_CACHE names).
    """
    if output is not None:
        require_output(output, ".npz", specs)
    limit = _memory.parse_bytes(memory_limit)
    named = read_network(specs, limit)
    if recalibrate:
        cf.flattening.recalibrate(threads)
    plan = cf.plan_merge(
        named.network,
        objective="time" if objective == "time" else "synapses",
        applications=applications,
        batch=batch,
        threads=threads,
        memory_limit=limit,
        progress=progress or None,
    )
    if output is not None:
        cf.save(output, plan.network)
    report = MergeReport(plan, named.names)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        show(*report.renderables())
