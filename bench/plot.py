"""Draw a stored run: how many times as long as cheapfast each peer took.

python -m cheapfast.bench.plot out.json ratios.png
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Whom the others are compared with.
OURS = "cheapfast"


#: What is timed, by topic.
MEASURES = {"count": ("time",), "apply": ("apply",), "all": ("time", "apply")}


def ratios(run: dict[str, Any], threads: int = 1, only: str = "all") -> dict[str, dict[str, float]]:
    """Divide the time of every foreign peer by that of cheapfast.

    Parameters
    ----------
    run : dict
        What ``cheapfast bench --json`` wrote.
    threads : int, optional
        Which figures to take; a peer of one thread stands beside every setting.
    only : {"all", "count", "apply"}, optional
        Which workloads.

    Returns
    -------
    dict
        For each workload that was timed, the ratio of minima by peer.
    """
    times: dict[str, dict[str, float]] = {}
    for figure in run["figures"]:
        if figure["measure"] in MEASURES[only] and figure["threads"] in (1, threads):
            times.setdefault(figure["workload"], {})[figure["peer"]] = figure["minimum"]
    return {
        workload: {
            peer: seconds / peers[OURS]
            for peer, seconds in peers.items()
            if not peer.startswith(OURS)
        }
        for workload, peers in times.items()
        if OURS in peers and any(not peer.startswith(OURS) for peer in peers)
    }


def draw(run: dict[str, Any], threads: int = 1, only: str = "all") -> Figure:
    """Draw the ratios as points on a logarithmic axis, a line a workload.

    Parameters
    ----------
    run : dict
        What ``cheapfast bench --json`` wrote.
    threads : int, optional
        Which figures to take.
    only : {"all", "count", "apply"}, optional
        Which workloads.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    found = ratios(run, threads, only)
    workloads = list(found)
    figure = Figure(figsize=(8, 1.5 + 0.4 * len(workloads)), layout="constrained")
    ax = figure.add_subplot()
    for peer in sorted({peer for peers in found.values() for peer in peers}):
        places = [i for i, workload in enumerate(workloads) if peer in found[workload]]
        ax.plot([found[workloads[i]][peer] for i in places], places, "o", label=peer)
    ax.axvline(1, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.set_yticks(range(len(workloads)), workloads)
    ax.invert_yaxis()
    ax.grid(axis="x", which="both", alpha=0.3)
    ax.set_xlabel(f"time, in times that of cheapfast ({threads} thread{'s'[: threads > 1]})")
    machine = run["machine"]
    ax.set_title(f"{machine['cpu']}, {machine['active_target']}, {machine['date'][:10]}")
    ax.legend()
    return figure


@click.command()
@click.argument("results", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--only", type=click.Choice(list(MEASURES)), default="all", show_default=True)
def main(results: Path, picture: Path, threads: int, only: str) -> None:
    """Draw the JSON file RESULTS into PICTURE (.png, .svg, .pdf)."""
    figure = draw(json.loads(results.read_text(encoding="utf-8")), threads, only)
    known = figure.canvas.get_supported_filetypes()
    if picture.suffix[1:].lower() not in known:
        raise click.BadParameter(
            f"{picture}: the name must end in one of {', '.join(sorted(known))}",
            param_hint="PICTURE",
        )
    figure.savefig(picture)


if __name__ == "__main__":
    main()
