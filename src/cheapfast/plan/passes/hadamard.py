"""Passes over runs of sums and differences: Walsh-Hadamard transforms of some bits of the index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.plan.cache import Cache
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.frame import around, framed, names
from cheapfast.plan.placing import aligned_empty, dense, same_order
from cheapfast.plan.runs.stages import is_sums
from cheapfast.plan.step import Applier

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]


def hadamard_run(layers: Sequence[Layer], position: int) -> list[KroneckerSparse]:
    """Return the longest run of sums and differences that starts at a position.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    list of KroneckerSparse
        Of neighbouring bits, rising or falling; empty if there are none. A bias ends it.
    """
    run: list[KroneckerSparse] = []
    for layer in layers[position:]:
        if not isinstance(layer, KroneckerSparse):
            break
        if layer.pattern[1:3] != (2, 2) or 0 in layer.pattern or not is_sums(layer.values):
            break
        steps = [one.pattern[3] for one in (*run[-2:], layer)]
        rises = all(high == 2 * low for low, high in pairwise(steps))
        falls = all(low == 2 * high for low, high in pairwise(steps))
        if not (rises or falls):
            break
        run.append(layer)
        if layer.bias is not None:
            break
    return run


class HadamardRun(Applier):
    """A run of layers with the blocks (1, 1; 1, -1), as one pass.

    Their product is the Kronecker product of an identity, the Walsh-Hadamard matrix with a row for
    each combination of the bits that the layers join, and another identity. The layers commute, so
    it does not matter whether the run rises or falls.

    Parameters
    ----------
    run : sequence of KroneckerSparse
        See `hadamard_run`.
    before, after : sequence of Layer
        Light layers around it.
    """

    kernel = "walsh-hadamard"

    def __init__(
        self, run: Sequence[KroneckerSparse], before: Sequence[Layer], after: Sequence[Layer]
    ) -> None:
        self._run, self._before, self._after = run, before, after
        self._layers = (*before, *run, *after)
        self._features = run[0].shape[0]
        self._stride = min(layer.pattern[3] for layer in run)
        self._weights = np.result_type(*(layer.dtype for layer in self._layers))
        self._steps: Cache[_core.HadamardStep | _core.Framed] = Cache()
        self.shape, self.count = (self._features, self._features), len(self._layers)
        self.folded = names([*before, run[-1], *after])

    def run(self, X: Array, threads: int) -> Array:
        """Apply the run; see `Pass`."""
        X = dense(X.astype(self._result(X.dtype), copy=False))
        Y = aligned_empty((X.shape[0], X.shape[1]), X.dtype, fortran=not X.flags.c_contiguous)
        self._step(X.dtype).apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the run to where the result is wanted; see `Pass`."""
        if not same_order(X, out):
            return False
        if X.dtype != out.dtype or self._result(X.dtype) != X.dtype:
            return False
        self._step(X.dtype).apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], _shape: int) -> _core.HadamardStep | _core.Framed | None:
        """Return what a program runs for a type of operand, of any shape; see `Pass`."""
        return self._step(dtype) if self._result(dtype) == dtype else None

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the run reads, writes and computes; see `Pass`."""
        costs = [layer_cost(layer, layer.shape, columns, dtype) for layer in self._layers]
        size, result = columns * self._features, self._result(dtype).itemsize
        # what is before is done first; behind, a diagonal or a bias while each piece is in a cache
        alone = bool(self._before) + any(isinstance(one, Permutation) for one in self._after)
        moved = size * (dtype.itemsize + result) + 2 * alone * size * result
        maps = self._features * (self._map_bytes(self._before) + self._map_bytes(self._after))
        return Cost(moved + maps, sum(cost.flops for cost in costs if cost is not None))

    def _map_bytes(self, lights: Sequence[Layer]) -> int:
        """Return the bytes that light layers, as one map, have for each feature."""
        moves = any(isinstance(one, Permutation) for one in lights)
        scales = any(not isinstance(one, Permutation) for one in lights)
        return moves * np.dtype(np.int64).itemsize + scales * self._weights.itemsize

    def _result(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return np.result_type(self._weights, dtype)

    def _step(self, dtype: np.dtype[Any]) -> _core.HadamardStep | _core.Framed:
        step = self._steps.get(dtype)
        return self._steps.make(dtype, lambda: self._make(dtype)) if step is None else step

    def _make(self, dtype: np.dtype[Any]) -> _core.HadamardStep | _core.Framed:
        step = _core.HadamardStep(self._features, len(self._run), self._stride, dtype)
        return framed(step, *around(self._before, self._run, self._after, dtype))
