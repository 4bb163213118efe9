"""How a network shows itself: text and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cheapfast import _html
from cheapfast.layers import Layer
from cheapfast.plan import is_opaque

if TYPE_CHECKING:
    from cheapfast.network.sequence import LayerSequence
    from cheapfast.plan.shapes import Shape


def summary(net: LayerSequence) -> str:
    """Return one line: shape, layers, synapses, dtype.

    Parameters
    ----------
    net : LayerSequence

    Returns
    -------
    str
    """
    rows, columns = net.shape
    hidden = any(map(is_opaque, net))
    synapses = "unknown" if hidden else str(net.synapses)
    layers = "1 layer" if len(net) == 1 else f"{len(net)} layers"
    return f"Network({rows}x{columns}, {layers}, {synapses} synapses, {net.dtype})"


def as_text(net: LayerSequence) -> str:
    """Return the summary and a line for each layer; the middle of a long network is left out.

    Parameters
    ----------
    net : LayerSequence

    Returns
    -------
    str
    """
    lines = [f"  {i}: {layer!r}" for i, layer in enumerate(net)]
    return "\n".join([f"{summary(net)}, in data-flow order:", *elided(lines, "  ...")])


def as_html(net: LayerSequence) -> str:
    """Return the table of the layers with a drawing of each.

    Parameters
    ----------
    net : LayerSequence

    Returns
    -------
    str
    """
    factors = [_factor(layer, shape) for layer, shape in zip(net, net.layer_shapes, strict=True)]
    return _html.network_html(summary(net), factors)


def elided(items: list[str], dots: str = "...", most: int = 12) -> list[str]:
    """Leave out the middle of a long list, and say how much that is.

    Parameters
    ----------
    items : list of str
    dots : str
        Begins the line that stands for what is left out.
    most : int
        Longest list that is kept whole.

    Returns
    -------
    list of str
    """
    if len(items) <= most:
        return items
    half = most // 2
    return [*items[:half], f"{dots} {len(items) - 2 * half} more ...", *items[-half:]]


def _factor(layer: Layer, shape: Shape) -> _html.Factor:
    if not layer.is_linear:
        return _html.Factor(repr(layer), shape, "", None)
    name = type(layer).__name__
    if is_opaque(layer):
        return _html.Factor(name, shape, "unknown", None)
    try:
        support = layer.support
    except MemoryError:  # values with zeros in a pattern too large to write out
        support = None
    return _html.Factor(name, shape, str(layer.synapses), support)
