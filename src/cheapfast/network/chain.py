"""Networks written as matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cheapfast.layers import Layer
from cheapfast.network.items import as_layer
from cheapfast.network.network import Network
from cheapfast.plan import Part, chain_shapes, layer_part


def chain(*matrices: Any) -> Network:
    """Return the network of a matrix product, written as you would write the product.

    Parameters
    ----------
    *matrices : array_like, scipy.sparse array or matrix, Layer or Network
        In matrix order: ``chain(A, B, C)`` is A B C, which applies C first.

    Returns
    -------
    Network
        Its layers in data-flow order: ``chain(A, B, C)[0]`` is C.

    Raises
    ------
    TypeError
        If an item is no matrix, layer or network, such as a list of them.
    ValueError
        If neighbours do not fit: which two, their shapes, and whether the reversed order would.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> A, B = np.ones((2, 3)), np.ones((3, 4))
    >>> cf.chain(A, B).shape
    (2, 4)
    """
    if not matrices:
        raise ValueError("chain needs at least one matrix")
    _refuse_lists(matrices)
    return chain_named([(f"matrices[{i}]", matrix) for i, matrix in enumerate(matrices)])


def _refuse_lists(matrices: Sequence[Any]) -> None:
    for i, item in enumerate(matrices):
        if isinstance(item, (list, tuple)) and any(map(_is_matrix, item)):
            raise TypeError(
                f"matrices[{i}] is a {type(item).__name__} of matrices: pass them one by one, "
                "as in chain(*matrices)"
            )


def _is_matrix(item: Any) -> bool:
    return isinstance(item, (Layer, Network)) or getattr(item, "ndim", 0) == 2


def chain_named(named: Sequence[tuple[str, Any]]) -> Network:
    """Return the network of a matrix product whose factors have names for messages.

    Parameters
    ----------
    named : sequence of (str, matrix)
        In matrix order; see `chain`.

    Returns
    -------
    Network
    """
    items = [
        (name, tuple(item) if isinstance(item, Network) else (as_layer(item, name),))
        for name, item in named
    ]
    chain_shapes([_part(name, layers) for name, layers in items], "matrix")
    return Network([layer for _, layers in reversed(items) for layer in layers])


def _part(name: str, layers: tuple[Layer, ...]) -> Part:
    """Return the part that a factor of a chain is: one layer, or a network with its outer shape."""
    if len(layers) == 1:
        return layer_part(layers[0], name)
    shape = Network(layers).shape
    return Part(name, shape, lambda _: shape[0])
