"""``cheapfast flatten``: how many nonzeros does the product have, before it is multiplied."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cheapfast import _memory

from .console import show
from .flatten_counts import How, count, count_on_cluster, count_partly, draw
from .pictures import Picture
from .specs import read_network, require_apart

EXAMPLES = """\b
Examples:
  cheapfast flatten R.npz A.mtx P.npz        the product R A P
  cheapfast flatten network.npz              a saved network
  cheapfast flatten fft:1048576
  cheapfast flatten hadamard:2^60 --json
  cheapfast flatten hadamard:256 hadamard:256 --kind numerical
  cheapfast flatten random:n=10000,p=0.001,depth=3,seed=1
  cheapfast flatten fft:4096 --hidden-layers 2 --plot frontier.png
  cheapfast flatten network.npz --tolerance 0.01      within 1% (Frobenius)
  cheapfast flatten A.npz A.npz --dask tcp://10.0.0.1:8786
"""


@click.command(epilog=EXAMPLES, short_help="Count the nonzeros of a product of layers.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with exact integers.")
@click.option(
    "--kind",
    type=click.Choice(("structural", "numerical")),
    default="structural",
    show_default=True,
    help="All nonzeros, or those that are left after cancellation.",
)
@click.option(
    "--hidden-layers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Merge neighbours until so many hidden layers are left, with fewest synapses.",
)
@click.option(
    "--tolerance",
    type=float,
    default=0.0,
    help="Relative error (Frobenius) allowed to the flat network: its smallest entries are "
    "dropped. With --kind numerical: cancelled up to this share of the terms.",
)
@click.option(
    "--plot",
    metavar="FILE",
    help="Draw the synapses against the hidden layers; against the error with --tolerance and no "
    "--hidden-layers.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Count on the workers of the dask scheduler at this address, such as tcp://host:8786.",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="auto, closed, stamps, bitmap, bits, push or intern.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads (default: all CPUs).")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Stop with exit code 3 before a count would need more, for example 8G.",
)
@click.option("--progress/--no-progress", default=True, help="Bar on a terminal for long counts.")
def flatten(
    specs: tuple[str, ...],
    as_json: bool,
    kind: str,
    hidden_layers: int,
    tolerance: float,
    plot: str | None,
    dask: str | None,
    method: str,
    threads: int | None,
    memory_limit: str | None,
    progress: bool,
) -> None:
    """Count the nonzeros of a product of sparse layers without multiplying it.

    SPEC is files in matrix order (the last one is applied first), one saved network, or a built-in:
    fft:N[,reorder=no], hadamard:N, haar:N[,copies=no], daubechies:N[,order=2][,copies=no],
    butterfly:N, monarch:AxB, strassen:LEVELS[,n=N][,side=right], convolution:N,kernel=1:2:1,
    low_rank:N,rank=R, random:n=N,p=P,depth=L. N may be written 2^20 or 1e6; those with random
    weights take a seed=S.

    Files: .npz (SciPy's or a saved network), .mtx, .mtx.gz, .npy, .mat (file.mat:NAME picks one).
    """
    limit = _memory.parse_bytes(memory_limit)
    picture = None if plot is None else Picture(plot)
    if plot is not None:
        require_apart(Path(plot), specs, "--plot")
    named = read_network(specs, limit)
    how = How(kind, tolerance, method, threads, limit, progress or None)
    if dask is not None:
        report = count_on_cluster(named, how, dask, hidden_layers)
    elif hidden_layers or (tolerance and kind == "structural"):
        report = count_partly(named, how, hidden_layers)
    else:
        report = count(named, how)
    if picture is not None:
        draw(named, how, hidden_layers, picture)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        show(*report.renderables())
