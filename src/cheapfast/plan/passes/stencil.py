"""Convolutions of few weights, written out and applied as sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import Convolution, Sparse
from cheapfast.plan.cost import Cost, layer_cost, weight_bytes
from cheapfast.plan.passes.csr_chain import CsrChain
from cheapfast.plan.step import Applier, Pass
from cheapfast.support import csr_pattern_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]

_FEW_WEIGHTS = 64  # beyond, transforms take fewer operations
_MOST_ENTRIES = 1 << 22  # of a matrix that is kept for the next call


class StencilPass(Applier):
    """A convolution by the sparse kernel, which reads each vector once, whatever its layout.

    Parameters
    ----------
    layer : Convolution
    """

    kernel = "stencil"

    def __init__(self, layer: Convolution) -> None:
        self._layer, self.shape = layer, layer.shape

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layer; see `Pass`."""
        return self._chain.run(X, threads)

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layer to where the result is wanted; see `Pass`."""
        return self._chain.into(X, out, threads)

    def step(self, dtype: np.dtype[Any], shape: int) -> _core.SparseChain | None:
        """Return what a program runs for a type of operand; see `Pass`."""
        return self._chain.step(dtype, shape)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the layer computes, and that its matrix is read; see `Pass`."""
        layer = self._layer
        cost = layer_cost(layer, layer.shape, columns, dtype)
        assert cost is not None
        written = csr_pattern_bytes(layer.shape, layer.synapses)
        written += layer.synapses * layer.dtype.itemsize - weight_bytes(layer)
        return cost + Cost(written, 0)

    @cached_property
    def _chain(self) -> CsrChain:
        # written out when first needed; two threads may both do so, with equal results
        return CsrChain([Sparse(self._layer.to_csr(), self._layer.bias)])


def plan_stencil(layers: Sequence[Layer], _shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a convolution whose matrix is small enough to be kept: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    Pass or None
        None if there is no convolution, or one of many weights or of large arrays.
    """
    layer = layers[position]
    if type(layer) is not Convolution or 0 in layer.shape:
        return None
    weights = int(np.count_nonzero(layer.kernel))
    if weights > _FEW_WEIGHTS or weights * max(layer.shape) > _MOST_ENTRIES:
        return None
    return StencilPass(layer).as_pass(position)
