"""Which neighbours fit together, and a message that says what to do when they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Shape = tuple[int, int]
Order = Literal["data-flow", "matrix"]

_RULES = {
    "data-flow": "the order is data-flow order, the first is applied first",
    "matrix": "the order is matrix order, the last is applied first",
}


class Part(NamedTuple):
    """One item of a chain, as the caller knows it.

    Parameters
    ----------
    label : str
        Its name in messages: a file's name, or a position such as ``layers[2]``.
    shape : (int, int) or None
        Outputs and inputs; None for an activation, which has no size of its own.
    output_size : callable
        Number of inputs to number of outputs.
    """

    label: str
    shape: Shape | None
    output_size: Callable[[int], int]


def layer_part(layer: Layer, label: str) -> Part:
    """Return the part that one layer is.

    Parameters
    ----------
    layer : Layer
    label : str

    Returns
    -------
    Part
    """
    return Part(label, layer.shape if layer.is_linear else None, layer.output_size)


def chain_shapes(parts: Sequence[Part], order: Order = "data-flow") -> tuple[Shape, ...]:
    """Return (outputs, inputs) of each part; an activation's come from its neighbours.

    Parameters
    ----------
    parts : sequence of Part
        In the order that `order` names.
    order : {"data-flow", "matrix"}

    Returns
    -------
    tuple of (int, int)
        In the same order as `parts`.

    Raises
    ------
    ValueError
        If no part has a size, or two neighbours do not fit: which two, their shapes, and whether
        the reversed order would fit.
    """
    flow = parts if order == "data-flow" else parts[::-1]
    misfit = _first_misfit(flow)
    if misfit is not None:
        raise ValueError(_describe(*misfit, parts, order))
    width = _input_size(flow)
    shapes: list[Shape] = []
    for part in flow:
        shapes.append((part.output_size(width), width))
        width = shapes[-1][0]
    return tuple(shapes if order == "data-flow" else shapes[::-1])


def _input_size(flow: Sequence[Part]) -> int:
    """Return the inputs of the first part: its own, or what the first sized part needs."""
    for i, part in enumerate(flow):
        if part.shape is not None:
            size = part.shape[1]
            for activation in reversed(flow[:i]):
                size = _inputs_for(activation, size)
            return size
    raise ValueError(
        "a network needs at least one weight layer: activations have no size of their own"
    )


def _inputs_for(activation: Part, outputs: int) -> int:
    if activation.output_size(outputs) != outputs:
        raise ValueError(
            f"{activation.label} changes the number of features, so it cannot come first: "
            "put a weight layer before it (a diagonal of ones, if need be)"
        )
    return outputs


def _first_misfit(flow: Sequence[Part]) -> tuple[Part, Part, int] | None:
    """Return the first neighbours that do not fit and what arrives at the second, or None."""
    before: Part | None = None
    width = 0
    for part in flow:
        if part.shape is None:
            width = part.output_size(width) if before is not None else width
            continue
        if before is not None and part.shape[1] != width:
            return before, part, width
        before, width = part, part.shape[0]
    return None


def _describe(first: Part, second: Part, arriving: int, parts: Sequence[Part], order: Order) -> str:
    """Say which two parts do not fit, why, and what might have been meant."""
    pair = (first, second) if order == "data-flow" else (second, first)
    names = " and ".join(f"{part.label} ({_times(part.shape)})" for part in pair)
    message = (
        f"{names} do not chain: {first.label} is applied first and {arriving} values leave it, "
        f"but {second.label} takes {second.shape[1] if second.shape else '?'}; {_RULES[order]}"
    )
    if _fits(parts if order == "matrix" else parts[::-1]):
        meant = ", ".join(part.label for part in reversed(parts)) if len(parts) <= 8 else "it"
        message += f"; the reversed order would chain: did you mean {meant}?"
    return message


def _fits(flow: Sequence[Part]) -> bool:
    try:
        return _first_misfit(flow) is None
    except ValueError:  # a window of an activation that does not divide what arrives
        return False


def _times(shape: Shape | None) -> str:
    return "any size" if shape is None else f"{shape[0]}x{shape[1]}"
