"""``cheapfast flatten``: how many nonzeros does the product have, before it is multiplied."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

import cheapfast as cf
from cheapfast import _memory

from .console import show
from .report import FlattenReport, LayerRow
from .specs import NamedNetwork, read_network

EXAMPLES = """\b
Examples:
  cheapfast flatten R.npz A.mtx P.npz        the product R A P
  cheapfast flatten network.npz              a saved network
  cheapfast flatten fft:1048576
  cheapfast flatten hadamard:2^60 --json
  cheapfast flatten hadamard:256 hadamard:256 --kind numerical
  cheapfast flatten random:n=10000,p=0.001,depth=3,seed=1
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
    "--tolerance",
    type=float,
    default=0.0,
    help="With --kind numerical: cancelled up to this share of the terms (default: exactly).",
)
@click.option("--method", default="auto", show_default=True, help="Which method counts.")
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
    tolerance: float,
    method: str,
    threads: int | None,
    memory_limit: str | None,
    progress: bool,
) -> None:
    """Count the nonzeros of a product of sparse layers without multiplying it.

    SPEC is files in matrix order (the last one is applied first), one saved network, or a built-in:
    fft:N[,reorder=no], hadamard:N, haar:N[,copies=no], random:n=N,p=P,depth=L[,seed=S].
    N may be written 2^20 or 1e6.

    Files: .npz (SciPy's or a saved network), .mtx, .mtx.gz, .npy, .mat (file.mat:NAME picks one).
    """
    limit = _memory.parse_bytes(memory_limit)
    named = read_network(specs, limit)
    report = count(
        named,
        kind=kind,
        tolerance=tolerance,
        method=method,
        threads=threads,
        memory_limit=limit,
        progress=progress,
    )
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        show(*report.renderables())


def count(
    named: NamedNetwork,
    *,
    kind: str = "structural",
    tolerance: float = 0.0,
    method: str = "auto",
    threads: int | None = None,
    memory_limit: int | None = None,
    progress: bool = False,
) -> FlattenReport:
    """Count a network and put together what the command prints.

    Parameters
    ----------
    named : NamedNetwork
        The network and the names of its layers.
    kind : {"structural", "numerical"}, optional
        What is counted.
    tolerance : float, optional
        What counts as cancelled.
    method : str, optional
        Which method counts.
    threads : int, optional
        Number of threads.
    memory_limit : int, optional
        Bytes that the count may take.
    progress : bool, optional
        Whether a long count shows a bar.

    Returns
    -------
    FlattenReport
    """
    net = named.network
    shown = progress or None
    prefixes: Sequence[int | None]
    if kind == "numerical":
        cost = cf.flattening_cost(
            net,
            kind=kind,
            tolerance=tolerance,
            method=method,
            threads=threads,
            memory_limit=memory_limit,
            progress=shown,
        )
        flat, ran, prefixes = cost.flat, cost.method, [None] * (len(net) - 1) + [cost.flat]
    else:
        if tolerance != 0:
            raise ValueError(f"tolerance must be 0 without --kind numerical, got {tolerance:g}")
        counts = cf.counting.structural_counts(
            net, method=method, threads=threads, memory_limit=memory_limit, progress=shown
        )
        flat, ran, prefixes = counts.value, counts.method, counts.prefixes
    rows = tuple(
        LayerRow(name, layer.shape, layer.synapses, product)
        for name, layer, product in zip(named.names, net, prefixes, strict=True)
    )
    deep = net.synapses
    return FlattenReport(
        layers=rows,
        deep=deep,
        flat=flat,
        ratio=flat / deep if deep else float("nan"),
        kind=kind,
        bound="exact",
        method=ran,
        flat_bytes=csr_bytes(net.shape[0], net.shape[1], flat, net.dtype.itemsize),
    )


def csr_bytes(rows: int, columns: int, nonzeros: int, itemsize: int) -> int:
    """Return the memory of a CSR matrix: values, column indices and row pointers.

    Parameters
    ----------
    rows, columns : int
        Its shape.
    nonzeros : int
        Its nonzeros.
    itemsize : int
        Bytes of one value.

    Returns
    -------
    int
        Bytes, with 4-byte indices as long as they hold everything, as SciPy chooses them.
    """
    index = 4 if max(rows, columns, nonzeros) < 2**31 else 8
    return nonzeros * (itemsize + index) + (rows + 1) * index
