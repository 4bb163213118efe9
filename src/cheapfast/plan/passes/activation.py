"""Activations that the compiled kernels know, of each number or over the features of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

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
ActivationStep: TypeAlias = "_core.Elementwise | _core.Softmax | _core.Maxpool"

#: Kernels that look at several features at a time, by the names of their activations.
OVER_FEATURES = ("softmax", "maxpool")


class ActivationPass(Applier):
    """An activation of a given number of features.

    Parameters
    ----------
    layer : Activation
        By one of the names in ``_core.SIGMAS`` or `OVER_FEATURES`.
    shape : (int, int)
        Outputs and inputs.
    """

    def __init__(self, layer: Activation, shape: Shape) -> None:
        assert layer.name is not None
        self._layer, self.shape = layer, shape
        self.kernel = layer.name if layer.name in OVER_FEATURES else "elementwise"
        self._steps: Cache[ActivationStep] = Cache()

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layer; see `Pass`."""
        step = self.step(X.dtype, _core.COLUMNS)
        if step is None:
            return self._layer.apply(X)  # which says what is wrong with complex vectors
        X = dense(X)
        fortran = not X.flags.c_contiguous
        Y = aligned_empty((self.shape[0], X.shape[1]), X.dtype, fortran=fortran)
        step.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layer to where the result is wanted; see `Pass`."""
        step = self.step(X.dtype, _core.COLUMNS)
        if step is None or X.dtype != out.dtype or not same_order(X, out):
            return False
        step.apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], _shape: int) -> ActivationStep | None:
        """Return what a program runs for a type of operand, of any shape; see `Pass`."""
        if dtype.kind == "c":
            return None
        return self._steps.get(dtype) or self._steps.make(dtype, lambda: self._make(dtype))

    def _make(self, dtype: np.dtype[Any]) -> ActivationStep:
        layer, outputs = self._layer, self.shape[0]
        if layer.name == "softmax":
            return _core.Softmax(outputs, dtype)
        if layer.name == "maxpool":
            return _core.Maxpool(outputs, layer.window, dtype)
        assert layer.name is not None
        return _core.Elementwise(_core.SIGMAS.index(layer.name), outputs, dtype)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost | None:
        """Return what the layer reads, writes and computes; see `Pass`."""
        return layer_cost(self._layer, self.shape, columns, dtype)


def plan_activation(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take an activation that has a name: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass or None
        None for a function of the caller's and everything that is no activation.
    """
    layer = layers[position]
    if type(layer) is not Activation or layer.name is None:
        return None
    return ActivationPass(layer, shapes[position]).as_pass(position)
