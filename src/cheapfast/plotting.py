"""Pictures of results, drawn with matplotlib (the extra ``cheapfast[plot]``).

Results call these from their own ``.plot()``; nothing else imports this module.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cheapfast.flattening import Frontier, MergePlan, Timing, ToleranceCurve


def plot_frontier(frontier: Frontier, ax: Axes | None = None) -> Axes:
    """Draw least synapse counts against the number of hidden layers.

    Parameters
    ----------
    frontier : Frontier
        What `cheapfast.frontier` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = _axes(ax)
    from matplotlib.ticker import MaxNLocator

    layers = [point.hidden_layers for point in frontier]
    # matplotlib works in floats; counts beyond 2^53 lose nothing that a picture could show
    axes.plot(layers, [float(point.synapses) for point in frontier], marker="o")
    best = frontier.best
    axes.plot(
        [best.hidden_layers], [float(best.synapses)], marker="o", markersize=12, fillstyle="none"
    )
    # the line is higher on either side of its least point: the label goes where it is not
    side = "left" if best is frontier[0] else "right" if best is frontier[-1] else "center"
    axes.annotate(
        f"{best.synapses:,}",
        (best.hidden_layers, float(best.synapses)),
        textcoords="offset points",
        xytext={"left": (12, -16), "right": (-12, -16), "center": (0, -20)}[side],
        ha=side,
    )
    axes.margins(y=0.15)
    axes.set_yscale("log" if best.synapses else "symlog")
    axes.set_xlabel("hidden layers")
    axes.set_ylabel("synapses (least by merging neighbours)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return axes


def plot_tolerance_curve(curve: ToleranceCurve, ax: Axes | None = None) -> Axes:
    """Draw the synapses of a flattened network against the error allowed to it.

    Parameters
    ----------
    curve : ToleranceCurve
        What `cheapfast.tolerance_curve` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = _axes(ax)
    tolerances, synapses = curve.points()
    axes.plot(tolerances, synapses, label="one layer")
    axes.axhline(float(curve.deep), linestyle="--", color="0.5", label="the network as it is")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("relative error (Frobenius)")
    axes.set_ylabel("synapses")
    axes.legend()
    return axes


def plot_merge(plan: MergePlan, ax: Axes | None = None) -> Axes:
    """Draw the seconds that a network takes against how often it is applied.

    Parameters
    ----------
    plan : MergePlan
        What `cheapfast.plan_merge` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        All layers apart, all multiplied, this plan; the least of the three in bold, and dots where
        one overtakes another there.
    """
    axes = _axes(ax)
    lines = {"all apart": plan.apart, "all multiplied": plan.multiplied, "this plan": plan.chosen}
    lines = {name: line for name, line in lines.items() if math.isfinite(line.build)}
    crossings = _crossings(list(lines.values()))
    most = max([10.0 * plan.applications, *(10 * times for times in crossings)])
    steps = [most ** (i / 200) for i in range(201)]
    for name, line in lines.items():
        # this plan is often one of the other two, and dashes let that one through
        style = "--" if name == "this plan" else "-"
        axes.plot(steps, [line.total(times) for times in steps], style, label=name)
    least = [min(line.total(times) for line in lines.values()) for times in steps]
    axes.plot(steps, least, color="black", linewidth=4, alpha=0.25, zorder=0, label="least")
    for times in crossings:
        seconds = min(line.total(times) for line in lines.values())
        axes.plot([times], [seconds], marker="o", color="black", linestyle="")
        axes.annotate(
            f"{math.floor(times):,}",
            (times, seconds),
            textcoords="offset points",
            xytext=(6, -12),
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"applications to {plan.batch} vector(s)")
    axes.set_ylabel("predicted seconds, multiplying out included")
    axes.legend()
    return axes


def _crossings(lines: Sequence[Timing]) -> list[float]:
    """Return after how many applications the least line changes, from one on."""
    found = set()
    for i, one in enumerate(lines):
        for other in lines[i + 1 :]:
            if one.apply == other.apply:
                continue
            times = (other.build - one.build) / (one.apply - other.apply)
            if times >= 1 and math.isclose(
                one.total(times), min(line.total(times) for line in lines), rel_tol=1e-9
            ):
                found.add(times)
    return sorted(found)


def _axes(ax: object) -> Axes:
    """Return the caller's axes, or new ones where there are none."""
    try:
        import matplotlib.pyplot as plt
        from matplotlib.axes import Axes
    except ImportError:
        raise ImportError(
            "plots need matplotlib: pip install 'cheapfast[plot]' (or matplotlib)"
        ) from None
    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib.axes.Axes, got {type(ax).__name__}")
    return ax
