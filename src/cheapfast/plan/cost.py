"""What applying a layer costs: memory traffic and arithmetic, from its description alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast import _validate
from cheapfast.layers import (
    Convolution,
    KroneckerSparse,
    Operator,
    PassThrough,
    Permutation,
)
from cheapfast.support import csr_pattern_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer


@dataclass(frozen=True)
class Cost:
    """Memory traffic and arithmetic.

    Parameters
    ----------
    bytes : int
        Read and written, each operand once.
    flops : int
        Real additions and multiplications.
    """

    bytes: int
    flops: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.bytes + other.bytes, self.flops + other.flops)


def layer_cost(
    layer: Layer, shape: tuple[int, int], columns: int, dtype: np.dtype[Any]
) -> Cost | None:
    """Return the cost of applying one layer.

    Parameters
    ----------
    layer : Layer
    shape : (int, int)
        Its outputs and inputs; an activation's depend on its neighbours.
    columns : int
        Number of vectors.
    dtype : numpy.dtype
        Type of the vectors.

    Returns
    -------
    Cost or None
        None for an Operator, which does not say what it does.

    Notes
    -----
    A synapse is one multiplication and one addition: 2 real operations, 4 if the weight or the
    operand is complex, 8 if both are. A permutation moves and does not compute. An activation
    counts as one operation a value, whatever its function costs.
    """
    if is_opaque(layer):
        return None
    outputs, inputs = shape
    result = np.result_type(dtype, layer.dtype) if layer.is_linear else dtype
    moved = columns * (inputs * dtype.itemsize + outputs * result.itemsize)
    if not layer.is_linear:
        return Cost(moved, columns * inputs)
    flops = 0
    if not isinstance(layer, Permutation):
        flops = layer.synapses * 2 * _parts(layer.dtype) * _parts(dtype)
    if layer.bias is not None:
        moved += layer.bias.nbytes
        flops += outputs * _parts(result)
    return Cost(moved + weight_bytes(layer), columns * flops)


def is_opaque(layer: Layer) -> bool:
    """Return whether a layer can be applied but hides its weights: an Operator, or one with wires.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    while isinstance(layer, PassThrough):
        layer = layer.layer
    return isinstance(layer, Operator)


def has_weights(layer: Layer) -> bool:
    """Return whether a layer is linear and shows its weights.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    return layer.is_linear and not is_opaque(layer)


def weight_bytes(layer: Layer) -> int:
    """Return the bytes of weights and indices that applying a layer reads.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    int
        Tied values count once: a fast transform reads few weights however large it is.
    """
    itemsize = layer.dtype.itemsize
    if isinstance(layer, PassThrough):
        return weight_bytes(layer.layer)
    if isinstance(layer, KroneckerSparse):
        return _validate.size_of(layer.values.shape) * itemsize
    if isinstance(layer, Convolution):
        return int(layer.kernel.nbytes)
    if isinstance(layer, Permutation):
        return layer.synapses * np.dtype(np.intp).itemsize
    return csr_pattern_bytes(layer.shape, layer.synapses) + layer.synapses * itemsize


def _parts(dtype: np.dtype[Any]) -> int:
    return 2 if dtype.kind == "c" else 1
