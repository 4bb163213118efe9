"""Pictures of results, drawn with matplotlib (the extra ``cheapfast[plot]``).

Results call these from their own ``.plot()``; nothing else imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cheapfast.flattening import Frontier, ToleranceCurve


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
    axes = _new_axes() if ax is None else ax
    from matplotlib.ticker import MaxNLocator

    layers = [point.hidden_layers for point in frontier]
    # matplotlib works in floats; counts beyond 2^53 lose nothing that a picture could show
    axes.plot(layers, [float(point.synapses) for point in frontier], marker="o")
    best = frontier.best
    axes.plot(
        [best.hidden_layers], [float(best.synapses)], marker="o", markersize=12, fillstyle="none"
    )
    axes.annotate(
        f"{best.synapses:,}",
        (best.hidden_layers, float(best.synapses)),
        textcoords="offset points",
        xytext=(0, 12),
        ha="center",
    )
    axes.set_yscale("log")
    axes.set_xlabel("hidden layers")
    axes.set_ylabel("synapses (least by merging neighbours)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
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
    axes = _new_axes() if ax is None else ax
    tolerances, synapses = curve.points()
    axes.plot(tolerances, synapses, label="one layer")
    axes.axhline(float(curve.deep), linestyle="--", color="0.5", label="the network as it is")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("relative error (Frobenius)")
    axes.set_ylabel("synapses")
    axes.legend()
    return axes


def _new_axes() -> Axes:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(
            "plots need matplotlib: pip install 'cheapfast[plot]' (or matplotlib)"
        ) from None
    return plt.subplots(layout="constrained")[1]
