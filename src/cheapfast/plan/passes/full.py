"""Sparse layers without a zero: dense matrices, for which there is a faster kernel."""

from __future__ import annotations

import numpy as np

from cheapfast.layers import ArrayValues, KroneckerSparse, Layer, Sparse

_LEAST_ENTRIES = 256  # below, a pass of its own takes as long as it saves


def is_full(layer: Layer) -> bool:
    """Say whether a sparse layer has no zero, and is worth the kernel for dense blocks.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    return type(layer) is Sparse and fills(layer.shape, layer.synapses)


def fills(shape: tuple[int, int], nonzeros: float) -> bool:
    """Say whether so many nonzeros make a matrix full, and worth the kernel for dense blocks.

    Parameters
    ----------
    shape : (int, int)
    nonzeros : float

    Returns
    -------
    bool
    """
    return _LEAST_ENTRIES <= nonzeros == shape[0] * shape[1]


def as_factor(layer: Layer) -> Layer:
    """Return a full layer as a factor of one dense block, every other layer as it is.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    Layer
    """
    if not (isinstance(layer, Sparse) and is_full(layer)):
        return layer
    rows, columns = layer.shape
    if layer.origin is None:
        block = layer.arrays()[2].reshape(rows, columns)
    else:  # without writing the transposed matrix out
        origin, conjugate = layer.origin
        block = origin.arrays()[2].reshape(columns, rows).T
        block = block.conj() if conjugate else block
    values = ArrayValues(block[np.newaxis, :, :, np.newaxis])
    return KroneckerSparse((1, rows, columns, 1), values, layer.bias)
