"""Activations that the compiled kernels know: the same function of every number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import Activation
from cheapfast.plan.cache import Cache
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.placing import aligned_empty, dense, same_order
from cheapfast.plan.step import Applier, Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]


class ElementwisePass(Applier):
    """An activation of a given number of features.

    Parameters
    ----------
    layer : Activation
        By one of the names in ``_core.SIGMAS``.
    features : int
    """

    kernel = "elementwise"

    def __init__(self, layer: Activation, features: int) -> None:
        assert layer.name is not None
        self._layer, self._features = layer, features
        self.shape = (features, features)
        self._kind = _core.SIGMAS.index(layer.name)
        self._steps: Cache[_core.Elementwise] = Cache()

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layer; see `Pass`."""
        step = self.step(X.dtype, _core.COLUMNS)
        if step is None:
            return self._layer.apply(X)  # which says what is wrong with complex vectors
        X = dense(X)
        Y = aligned_empty((X.shape[0], X.shape[1]), X.dtype, fortran=not X.flags.c_contiguous)
        step.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layer to where the result is wanted; see `Pass`."""
        step = self.step(X.dtype, _core.COLUMNS)
        if step is None or X.dtype != out.dtype or not same_order(X, out):
            return False
        step.apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], _shape: int) -> _core.Elementwise | None:
        """Return what a program runs for a type of operand, of any shape; see `Pass`."""
        if dtype.kind == "c":
            return None
        return self._steps.get(dtype) or self._steps.make(
            dtype, lambda: _core.Elementwise(self._kind, self._features, dtype)
        )

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost | None:
        """Return what the layer reads, writes and computes; see `Pass`."""
        return layer_cost(self._layer, self.shape, columns, dtype)


def plan_elementwise(
    layers: Sequence[Layer], shapes: Sequence[Shape], position: int
) -> Pass | None:
    """Take an activation that acts on every feature by itself: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass or None
        None for softmax, maxpool, a function of the caller's and everything that is no activation.
    """
    layer = layers[position]
    if type(layer) is not Activation or layer.name not in _core.SIGMAS:
        return None
    return ElementwisePass(layer, shapes[position][0]).as_pass(position)
