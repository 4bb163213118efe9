"""Passes over light layers that have no neighbour to be folded into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import Permutation
from cheapfast.plan.cache import Cache
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.frame import names, reordering
from cheapfast.plan.placing import aligned_empty, as_pairs, dense, same_order
from cheapfast.plan.step import Applier

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]


class ReorderPass(Applier):
    """Diagonals, permutations and biases, all of them at once.

    Parameters
    ----------
    layers : sequence of Layer
        See `cheapfast.plan.frame.is_light`.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._features = layers[0].shape[0]
        self._weights = np.result_type(*(layer.dtype for layer in layers))
        self._has_bias = any(layer.bias is not None for layer in layers)
        self._steps: Cache[_core.Reorder] = Cache()
        moves = any(isinstance(one, Permutation) for one in layers)
        self.kernel = "gather" if moves else "scale"
        self.shape, self.count = (self._features, self._features), len(layers)
        done = names(layers)
        self.folded = done if len(done) > 1 else ()

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layers; see `Pass`."""
        X = dense(X.astype(self._result(X.dtype), copy=False))
        if X.dtype.kind == "c" and self._weights.kind != "c" and not self._has_bias:
            return as_pairs(X, threads, self.run)
        Y = aligned_empty((X.shape[0], X.shape[1]), X.dtype, fortran=not X.flags.c_contiguous)
        self._step(X.dtype).apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layers to where the result is wanted; see `Pass`."""
        if X.dtype != out.dtype or self._result(X.dtype) != X.dtype or not same_order(X, out):
            return False
        self._step(X.dtype).apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], _shape: int) -> _core.Reorder | None:
        """Return what a program runs for a type of operand, of any shape; see `Pass`."""
        return self._step(dtype) if self._result(dtype) == dtype else None

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the layers read, write and compute; see `Pass`."""
        total = Cost(0, 0)
        for layer in self._layers:
            one = layer_cost(layer, layer.shape, columns, dtype)
            assert one is not None
            total += one
        between = columns * self._features * 2 * dtype.itemsize  # that a layer would write and read
        return Cost(total.bytes - (len(self._layers) - 1) * between, total.flops)

    def _result(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return np.result_type(self._weights, dtype)

    def _step(self, dtype: np.dtype[Any]) -> _core.Reorder:
        step = self._steps.get(dtype)
        return self._steps.make(dtype, lambda: self._make(dtype)) if step is None else step

    def _make(self, dtype: np.dtype[Any]) -> _core.Reorder:
        return _core.Reorder(self._features, dtype, reordering(self._layers, dtype).arrays)
