"""Passes over runs of small Kronecker-sparse blocks: all layers of a run in one kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import Permutation
from cheapfast.plan.cache import Cache, packing_fits
from cheapfast.plan.cost import Cost, layer_cost, weight_bytes
from cheapfast.plan.packing import Packing, cut_phases, pack
from cheapfast.plan.placing import addressable, aligned_empty, as_pairs, is_addressable
from cheapfast.plan.stages import Stage, is_falling
from cheapfast.plan.step import Pass
from cheapfast.plan.sweeps import can_sweep, pack_sweeps
from cheapfast.support.permutation import DigitPermutation

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]

_NAMES = {"fourier": "fused fourier", "sums": "fused hadamard", "blocks": "fused butterfly"}


class FusedRun:
    """A run, and the reversal of digits before it, as one pass.

    Parameters
    ----------
    run : sequence of Stage
    reorder : Permutation or None
    """

    def __init__(self, run: Sequence[Stage], reorder: Permutation | None) -> None:
        self._run, self._reorder = run, reorder
        self._features = run[0].layer.shape[0]
        self._taken: list[Layer] = [stage.layer for stage in run]
        if reorder is not None:
            self._taken.insert(0, reorder)
        self._weights = np.result_type(*(stage.layer.dtype for stage in run))
        self._structured = run[0].kind != "blocks"
        self._packed: Cache[_core.PackedRun | _core.PackedSweeps] = Cache()

    def as_pass(self, position: int) -> Pass:
        """Return the pass that starts at a position of the network.

        Parameters
        ----------
        position : int

        Returns
        -------
        Pass
        """
        return Pass(
            kernel=_NAMES[self._run[0].kind],
            start=position,
            stop=position + len(self._taken),
            shape=self._run[0].layer.shape,
            run=self.run,
            cost=self.cost,
            into=self.into,
            step=self.step,
        )

    def run(self, X: Array, threads: int) -> Array:
        """Apply the run; see `Pass`."""
        dtype = np.result_type(self._weights, X.dtype)
        X = addressable(X.astype(dtype, copy=False))
        if dtype.kind == "c" and self._weights.kind != "c":
            return as_pairs(X, threads, self.run)
        kernel = self._kernel(X)
        if kernel is None:
            return _one_by_one(self._taken, X)
        Y = aligned_empty((X.shape[0], X.shape[1]), dtype, fortran=not X.flags.c_contiguous)
        kernel.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the run to where the result is wanted; see `Pass`."""
        dtype = np.result_type(self._weights, X.dtype)
        pairs = dtype.kind == "c" and self._weights.kind != "c"
        if pairs or X.dtype != dtype or not (is_addressable(X) and is_addressable(out)):
            return False
        kernel = self._kernel(X)
        if kernel is None:
            return False
        kernel.apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], shape: int) -> _core.PackedRun | _core.PackedSweeps | None:
        """Return the run packed for a type and shape of operand; see `Pass`."""
        if np.result_type(self._weights, dtype) != dtype:
            return None
        if dtype.kind == "c" and self._weights.kind != "c":
            return None
        per_lane = shape == _core.VECTOR or (self._structured and shape == _core.ROWS)
        return self._pack(dtype, per_lane=per_lane)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the run reads, writes and computes; see `Pass`."""
        result = np.result_type(self._weights, dtype)
        packing = Packing(result, columns == 1, _core.fused_lanes(result))
        trips = len(cut_phases(self._run, self._features, packing))
        flops = sum(_flops(layer, columns, dtype) for layer in self._taken)
        moved = 2 * trips * self._features * columns * result.itemsize
        return Cost(moved + sum(map(_packed_bytes, self._run)), flops)

    def _kernel(self, X: Array) -> _core.PackedRun | _core.PackedSweeps | None:
        rows = X.flags.f_contiguous and not X.flags.c_contiguous
        return self._pack(X.dtype, per_lane=X.shape[1] == 1 or (self._structured and rows))

    def _pack(
        self, dtype: np.dtype[Any], *, per_lane: bool
    ) -> _core.PackedRun | _core.PackedSweeps | None:
        """Return the weights in the order of the kernel; None if there is no memory for them."""
        packing = Packing(dtype, per_lane, _core.fused_lanes(dtype))
        kernel = self._packed.get(packing)
        if kernel is None and packing_fits(self._taken, dtype):
            return self._packed.make(packing, lambda: self._pack_now(packing))
        return kernel

    def _pack_now(self, packing: Packing) -> _core.PackedRun | _core.PackedSweeps:
        if self._reorder is None and can_sweep(self._run, packing):
            return pack_sweeps(self._run, self._features, packing)
        return pack(self._run, self._reorder, self._features, packing)


def reverses_digits(reorder: Permutation, run: Sequence[Stage]) -> bool:
    """Say whether a permutation brings the digits of a whole run into the order that it needs.

    Parameters
    ----------
    reorder : Permutation
    run : sequence of Stage
        The layers after it.

    Returns
    -------
    bool
    """
    if reorder.bias is not None or is_falling(run) or run[0].stride != 1:
        return False
    radices = [stage.radix for stage in run]
    if math.prod(radices) != reorder.shape[0] or len(radices) < 2:
        return False
    return reorder.permutation == DigitPermutation.reversal(radices[::-1])


def _flops(layer: Layer, columns: int, dtype: np.dtype[Any]) -> int:
    cost = layer_cost(layer, layer.shape, columns, dtype)
    return 0 if cost is None else cost.flops


def _packed_bytes(stage: Stage) -> int:
    """Bytes of weights that a stage brings to memory."""
    if stage.kind == "sums":
        return 0
    stored = weight_bytes(stage.layer)
    return stored // (2 * stage.radix) if stage.kind == "fourier" else stored


def _one_by_one(layers: Sequence[Layer], X: Array) -> Array:
    for layer in layers:
        X = layer.apply(X)
    return X
