"""``cheapfast estimate``: about how many nonzeros the product has, and how sure that is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

import cheapfast as cf
from cheapfast import _memory

from .cluster import on_cluster
from .console import show
from .numbers import format_cost, format_count
from .specs import read_network

if TYPE_CHECKING:
    from rich.console import RenderableType

EXAMPLES = """\b
Examples:
  cheapfast estimate R.npz A.npz P.npz --rel-error 0.01 --seed 1
  cheapfast estimate graph.mtx graph.mtx --rel-error 0.05 --confidence 0.99
  cheapfast estimate random:n=1000000,p=4e-6,depth=5 --memory-limit 8G --json
  cheapfast estimate A.npz A.npz A.npz --dask tcp://10.0.0.1:8786
"""


@dataclass(frozen=True)
class EstimateReport:
    """The answer of ``cheapfast estimate``.

    Parameters
    ----------
    estimate : cheapfast.Estimate
        What was estimated.
    rel_error : float
        What was asked for.
    deep : int
        Synapses of all layers together, exact.
    """

    estimate: Any
    rel_error: float
    deep: int

    @property
    def ratio(self) -> float:
        """The estimated flattening cost; nan for a network without synapses."""
        return self.estimate.value / self.deep if self.deep else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the report as what ``json.dumps`` takes.

        Returns
        -------
        dict
        """
        found = self.estimate
        return {
            "value": found.value,
            "standard_error": found.standard_error,
            "interval": list(found.interval),
            "confidence": found.confidence,
            "rel_error": self.rel_error,
            "method": found.method,
            "deep": self.deep,
            # JSON has no nan
            "ratio": self.ratio if math.isfinite(self.ratio) else None,
        }

    def renderables(self) -> list[RenderableType]:
        """Return what to print.

        Returns
        -------
        list of str
        """
        found = self.estimate
        ratio = format_cost(self.ratio)
        lines: list[RenderableType] = [f"deep synapses    {format_count(self.deep)}"]
        if found.method == "exact":
            lines += [
                f"flat synapses    {format_count(int(found.value))} (counted exactly)",
                f"flattening cost  C_s = {ratio}",
            ]
            return lines
        low, high = (f"{end:,.0f}" for end in found.interval)
        lines += [
            f"flat synapses    about {found.value:,.0f}",
            f"standard error   {found.standard_error:,.0f}",
            f"interval         {low} to {high} ({100 * found.confidence:g}% confidence)",
            f"flattening cost  C_s about {ratio}",
            f"estimated        method {found.method}",
        ]
        return lines


@click.command(epilog=EXAMPLES, short_help="Estimate the nonzeros of a product of layers.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--rel-error",
    type=float,
    default=0.01,
    show_default=True,
    help="Half-width of the confidence interval, relative.",
)
@click.option(
    "--confidence",
    type=float,
    default=0.95,
    show_default=True,
    help="Probability that the interval holds the true count.",
)
@click.option("--method", default="auto", show_default=True, help="auto, hyperloglog or cohen.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed, the same estimate.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Sketch and count on the workers of the dask scheduler at this address.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads (default: all CPUs).")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Stop with exit code 3 before more would be needed, for example 8G.",
)
@click.option("--progress/--no-progress", default=True, help="Bar on a terminal.")
def estimate(
    specs: tuple[str, ...],
    rel_error: float,
    confidence: float,
    method: str,
    seed: int | None,
    as_json: bool,
    dask: str | None,
    threads: int | None,
    memory_limit: str | None,
    progress: bool,
) -> None:
    """Estimate the nonzeros of a product of sparse layers, with a confidence interval.

    SPEC is as for `cheapfast flatten`: files in matrix order, one saved network, or a built-in.
    Rows are sketched, drawn in proportion to what the sketch says, and counted exactly; where that
    would not be cheaper everything is counted, and the answer says so.
    """
    limit = _memory.parse_bytes(memory_limit)
    net = read_network(specs, limit).network
    options: dict[str, Any] = {
        "rel_error": rel_error,
        "confidence": confidence,
        "method": method,
        "rng": seed,
        "memory_limit": limit,
        "progress": progress or None,
    }
    if dask is None:
        found = cf.estimate_synapses(net, threads=threads, **options)
    else:
        found = on_cluster(
            cf.counting.distributed.estimate_synapses, net, dask, threads=threads, **options
        )
    report = EstimateReport(found, rel_error, net.synapses)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        show(*report.renderables())
