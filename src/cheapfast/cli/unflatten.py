"""``cheapfast unflatten``: a deep network for a flat matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import cheapfast as cf
from cheapfast import _memory

from . import built_in
from .console import say, show
from .errors import DISAGREES
from .numbers import format_count, format_ratio
from .specs import require_output

if TYPE_CHECKING:
    from rich.table import Table

EXAMPLES = """\b
Examples:
  cheapfast unflatten matrix.npy
  cheapfast unflatten matrix.npy --tolerance 1e-6 --output network.npz
  cheapfast unflatten fft:1024 --json
"""


@click.command(epilog=EXAMPLES, short_help="Find a deep network for a flat matrix.")
@click.argument("spec", metavar="SPEC")
@click.option(
    "--tolerance",
    type=float,
    default=1e-12,
    show_default=True,
    help="Relative error allowed, in the Frobenius norm; below 1.",
)
@click.option(
    "--min-saving",
    type=float,
    default=1.25,
    show_default=True,
    help="How many times fewer synapses than the matrix has entries the network must have.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sampling."
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads (default: all CPUs).")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Stop with exit code 3 before the matrix, written out, or the search beside it would need "
    "more, for example 8G.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Save the network, as cheapfast.load reads it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--progress/--no-progress", default=True, help="Bar on a terminal for long searches.")
def unflatten(
    spec: str,
    tolerance: float,
    min_saving: float,
    seed: int,
    threads: int | None,
    memory_limit: str | None,
    output: Path | None,
    as_json: bool,
    progress: bool,
) -> int:
    """Find a network with few synapses that multiplies by a given matrix.

    SPEC is a file (.npy, .npz, .mtx, .mtx.gz, .mat) or a built-in, whose network is multiplied out
    first. Exit code 1 if no structure is found.
    """
    if output is not None:
        require_output(output, ".npz", [spec])
    with _memory.limited(memory_limit):
        matrix = _read(spec)
    try:
        found = cf.unflatten(
            matrix,
            tolerance=tolerance,
            min_saving=min_saving,
            rng=seed,
            threads=threads,
            memory_limit=memory_limit,
            progress=progress or None,
        )
    except cf.StructureNotFound as error:
        _print_nothing(error, as_json)
        return DISAGREES
    if output is not None:
        cf.save(output, found.network)
    if as_json:
        click.echo(json.dumps(_document(found)))
    else:
        _print(found)
    return 0


def _read(spec: str) -> Any:
    network = built_in.build(spec)
    factor = cf.read_matrix(spec) if network is None else network
    return factor.toarray() if isinstance(factor, cf.Network) else factor


def _document(found: cf.Unflattening) -> dict[str, Any]:
    return {
        "family": found.family,
        "synapses": found.network.synapses,
        "saving": found.saving if found.network.synapses else None,
        "error": found.error,
        "tolerance": found.tolerance,
        "layers": [
            {"kind": type(layer).__name__, "shape": list(layer.shape), "synapses": layer.synapses}
            for layer in found.network
        ],
        "candidates": _plain(found.candidates),
    }


def _plain(candidates: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "family": candidate.family,
            "description": candidate.description,
            "synapses": candidate.synapses,
            "error": candidate.error,
        }
        for candidate in candidates
    ]


def _print_nothing(error: cf.StructureNotFound, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"family": None, "candidates": _plain(error.candidates)}))
    else:
        show(_table(error.candidates, None))
    say(error.message.removesuffix("; tried:"))


def _print(found: cf.Unflattening) -> None:
    net = found.network
    rows, columns = net.shape
    saving = "zero within the tolerance: no synapse is needed"
    if net.synapses:
        saving = f"saves {format_ratio(found.saving)}x over a dense {rows} x {columns} matrix"
    show(
        _table(found.candidates, found.family),
        f"synapses  {format_count(net.synapses)} in {net.depth} layer{'s' * (net.depth != 1)}",
        f"error     {found.error:.1e} (relative, Frobenius norm)",
        f"[bold]{saving}[/bold]",
    )


def _table(candidates: Sequence[Any], taken: str | None) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(highlight=False)
    for heading in ("", "family"):
        table.add_column(heading)
    for heading in ("synapses", "error"):
        table.add_column(heading, justify="right")
    table.add_column("description", overflow="fold")
    for candidate in candidates:
        table.add_row(
            "*" if candidate.family == taken else "",
            candidate.family,
            "-" if candidate.synapses is None else format_count(candidate.synapses),
            "-" if candidate.error is None else f"{candidate.error:.1e}",
            Text(candidate.description),
        )
    return table
