"""``cheapfast apply``: a network times vectors, and how fast that goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import cheapfast as cf
from cheapfast import _memory
from cheapfast._stopwatch import Timing, fastest, stopped

from .apply_report import ApplyReport
from .console import show
from .counts import Count
from .specs import read_network, require_output

if TYPE_CHECKING:
    import numpy as np

EXAMPLES = """\b
Examples:
  cheapfast apply R.npz A.npz P.npz
  cheapfast apply fft:2^20 --dtype complex64 --batch 8 --threads 1
  cheapfast apply R.npz A.npz P.npz --to x.npy --output y.npy
"""

#: Seconds that calls are repeated for.
MEASURED_SECONDS = 0.5

DTYPES = ("float32", "float64", "complex64", "complex128")


@click.command(epilog=EXAMPLES, short_help="Multiply by vectors, and say how fast that goes.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--to",
    "vectors",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="X.npy",
    help="The vectors; without it the time for random ones is measured.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="Y.npy",
    help="Where the result goes.",
)
@click.option(
    "--axis", type=int, default=0, show_default=True, help="The axis of the features in X.npy."
)
@click.option(
    "--batch",
    type=Count(),
    default=1,
    show_default=True,
    metavar="N",
    help="How many random vectors at a time.",
)
@click.option("--dtype", type=click.Choice(DTYPES), help="Convert the weights first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads (default: all CPUs).")
@click.option(
    "--memory-limit", metavar="SIZE", help="For example 8G; exit code 3 if more is needed."
)
@click.pass_context
def apply(
    ctx: click.Context,
    specs: tuple[str, ...],
    vectors: Path | None,
    output: Path | None,
    axis: int,
    batch: int,
    dtype: str | None,
    as_json: bool,
    threads: int | None,
    memory_limit: str | None,
) -> None:
    """Apply a network to vectors, layer by layer, and say how fast that goes.

    SPEC is what `cheapfast flatten` takes: files in matrix order (the last one is applied first),
    one saved network, or a built-in such as fft:1024.
    """
    if (vectors is None) != (output is None):
        raise click.UsageError("--to and --output go together: what to apply it to, and where to")
    if vectors is not None and output is not None:
        require_output(output, ".npy", [*specs, vectors])
    limit = _memory.parse_bytes(memory_limit)
    network = read_network(specs, limit).network
    if dtype is not None:
        network = network.astype(dtype)
    with _memory.limited(limit):
        if vectors is None or output is None:
            report = _measure(network, batch, threads)
        elif _given(ctx, "batch"):
            raise click.UsageError("--batch is for random vectors; --to brings its own")
        else:
            report = _apply(network, vectors, output, axis, threads)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        show(*report.renderables())


def _apply(
    network: cf.Network, vectors: Path, output: Path, axis: int, threads: int | None
) -> ApplyReport:
    X = cf.io.read_vectors(vectors)
    Y, timing = stopped(lambda: network.apply(X, axis=axis, threads=threads))
    cf.io.save_vectors(output, Y)
    return _report(network, X, Y, timing, threads)


def _measure(network: cf.Network, batch: int, threads: int | None) -> ApplyReport:
    X = _random(network, batch)
    Y = network.apply(X, threads=threads)  # makes the plan, too
    timing = fastest(lambda: network.apply(X, out=Y, threads=threads), MEASURED_SECONDS, least=1)
    return _report(network, X, Y, timing, threads)


def _report(
    network: cf.Network,
    X: np.ndarray[Any, Any],
    Y: np.ndarray[Any, Any],
    timing: Timing,
    threads: int | None,
) -> ApplyReport:
    columns = X.size // max(network.shape[1], 1)
    told = network.explain(columns, dtype=X.dtype, threads=threads)
    return ApplyReport(network, told, X.shape, Y, timing)


def _random(network: cf.Network, batch: int) -> np.ndarray[Any, Any]:
    """Return standard normal vectors, always the same ones."""
    import numpy as np

    inputs = network.shape[1]
    _memory.require(
        network.dtype.itemsize * inputs * batch,
        "a batch of random vectors",
        "use a smaller --batch or network",
    )
    shape = (inputs,) if batch == 1 else (inputs, batch)
    X = np.random.default_rng(0).standard_normal(shape)
    return X.astype(network.dtype)


def _given(ctx: click.Context, option: str) -> bool:
    return ctx.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
