"""Passes over runs of small Kronecker-sparse blocks: all layers of a run in one kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import Permutation
from cheapfast.plan.cache import Cache, packing_fits
from cheapfast.plan.cost import Cost, layer_cost, weight_bytes
from cheapfast.plan.frame import Reordering, around, framed, names, one_by_one
from cheapfast.plan.placing import addressable, aligned_empty, as_pairs, is_addressable, same_order
from cheapfast.plan.runs.packing import Besides, is_addressing, pack
from cheapfast.plan.runs.phases import Packing, cut_phases
from cheapfast.plan.runs.stages import Stage, is_falling, scaled
from cheapfast.plan.runs.sweeps import can_sweep, count_trips, pack_sweeps
from cheapfast.plan.runs.twiddles import twiddle_bytes
from cheapfast.plan.step import Applier
from cheapfast.support.permutation import DigitPermutation

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]
_Kernel = _core.PackedRun | _core.PackedSweeps | _core.Framed

_NAMES = {"fourier": "fused fourier", "sums": "fused hadamard", "blocks": "fused butterfly"}


class FusedRun(Applier):
    """A run, and the light layers around it, as one pass.

    Diagonals are multiplied into free weights, or else done on what the kernel reads and writes; a
    permutation before the run is where it reads; a bias is added when it writes.

    Parameters
    ----------
    run : sequence of Stage
    before, after : sequence of Layer
        Light layers.
    """

    def __init__(
        self, run: Sequence[Stage], before: Sequence[Layer] = (), after: Sequence[Layer] = ()
    ) -> None:
        self._run, self._before, self._after = run, before, after
        self._features = run[0].layer.shape[0]
        self._layers: list[Layer] = [stage.layer for stage in run]
        self._taken = [*before, *self._layers, *after]
        self._weights = np.result_type(*(layer.dtype for layer in self._taken))
        self._structured = run[0].kind != "blocks"
        self._packed: Cache[_Kernel] = Cache()
        self.kernel, self.count = _NAMES[run[0].kind], len(self._taken)
        self.shape = (self._features, self._features)
        self.folded = names([*before, self._layers[-1], *after])

    def run(self, X: Array, threads: int) -> Array:
        """Apply the run; see `Pass`."""
        dtype = np.result_type(self._weights, X.dtype)
        X = addressable(X.astype(dtype, copy=False))
        if dtype.kind == "c" and self._weights.kind != "c" and not self._has_bias:
            return as_pairs(X, threads, self.run)
        is_whole = X.flags.c_contiguous or X.flags.f_contiguous
        if not is_whole and isinstance(self._kernel(X), _core.Framed):
            X = np.ascontiguousarray(X)
        Y = aligned_empty((X.shape[0], X.shape[1]), dtype, fortran=not X.flags.c_contiguous)
        if self._apply(X, Y, threads):
            return Y
        if not is_whole:  # what takes the blocks as they are may want that
            return self.run(np.ascontiguousarray(X), threads)
        del Y
        return one_by_one(self._taken, X)

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the run to where the result is wanted; see `Pass`."""
        dtype = np.result_type(self._weights, X.dtype)
        pairs = dtype.kind == "c" and self._weights.kind != "c"
        if pairs or X.dtype != dtype or not (is_addressable(X) and is_addressable(out)):
            return False
        if isinstance(self._kernel(X), _core.Framed) and not same_order(X, out):
            return False
        return self._apply(X, out, threads)

    def step(self, dtype: np.dtype[Any], shape: int) -> _Kernel | None:
        """Return the run packed for a type and shape of operand; see `Pass`."""
        if np.result_type(self._weights, dtype) != dtype:
            return None
        if dtype.kind == "c" and self._weights.kind != "c":
            return None
        return self._pack(dtype, per_lane=self._is_per_lane(shape))

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the run reads, writes and computes, with weights as given; see `Pass`."""
        result = np.result_type(self._weights, dtype)
        packing = Packing(result, columns == 1, _core.fused_lanes(result))
        if "permutation" not in names(self._before) and can_sweep(self._run, packing):
            trips = count_trips(self._run, self._features, packing, columns)
        else:
            trips = len(cut_phases(self._run, self._features, packing))
        flops = sum(_flops(layer, columns, dtype) for layer in self._taken)
        moved = 2 * trips * self._features * columns * result.itemsize
        return Cost(moved + self._packed_bytes(packing), flops)

    @property
    def _has_bias(self) -> bool:
        return any(layer.bias is not None for layer in self._taken)

    def _packed_bytes(self, packing: Packing) -> int:
        """Return the bytes of weights and indices that the kernel reads."""
        # digits are reversed by the addresses of tiles
        given = [layer for layer in self._before if not _reverses(layer, self._run)]
        given += self._after if self._structured else [*self._layers, *self._after]
        total = sum(map(weight_bytes, given))
        if self._run[0].kind == "fourier":
            total += twiddle_bytes(self._run, self._features, packing)
        return total

    def _apply(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the run if there is memory for its weights; the blocks as they are if need be.

        False, too, if these want operand and result in one order, and they are not.
        """
        for as_given in (False, True):
            kernel = self._kernel(X, as_given=as_given)
            if isinstance(kernel, _core.Framed) and not same_order(X, out):
                return False
            if kernel is not None and kernel.apply(X, out, threads):
                return True
        return False

    def _kernel(self, X: Array, *, as_given: bool = False) -> _Kernel | None:
        rows = X.flags.f_contiguous and not X.flags.c_contiguous
        shape = _core.operand_shape(X.dtype, not rows, X.shape[1])
        return self._pack(X.dtype, per_lane=self._is_per_lane(shape), as_given=as_given)

    def _is_per_lane(self, shape: int) -> bool:
        one_by_one = (_core.VECTOR, _core.FEW_COLUMNS, _core.FEW_ROWS)
        return shape in one_by_one or (self._structured and shape == _core.ROWS)

    def _pack(
        self, dtype: np.dtype[Any], *, per_lane: bool, as_given: bool = False
    ) -> _Kernel | None:
        """Return the weights in the order of the kernel; None if there is no memory for them."""
        packing = Packing(dtype, per_lane, _core.fused_lanes(dtype), as_given)
        kernel = self._packed.get(packing)
        lights = len(self._taken) - len(self._run)
        if kernel is None and packing_fits(self._taken, dtype, lights and self._features):
            return self._packed.make(packing, lambda: self._pack_now(packing))
        return kernel

    def _pack_now(self, packing: Packing) -> _Kernel:
        before, after = around(self._before, self._layers, self._after, packing.dtype)
        scale, bias = after.at_source()
        run = self._run
        if self._structured:
            besides = Besides(None, before.scale, scale, bias)
        else:
            run, besides = scaled(run, before.scale, scale), Besides(bias=bias)
        order, features = before.order, self._features
        if order is not None and is_addressing(order, run, features, packing):
            besides = replace(besides, order=order)
            order = None
        kernel: _Kernel
        if besides.order is None and can_sweep(run, packing):
            kernel = pack_sweeps(run, features, packing, besides.bias)
        else:
            kernel = pack(run, besides, features, packing)
        return framed(kernel, Reordering(order), Reordering(after.order))


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


def _reverses(layer: Layer, run: Sequence[Stage]) -> bool:
    return isinstance(layer, Permutation) and reverses_digits(layer, run)


def _flops(layer: Layer, columns: int, dtype: np.dtype[Any]) -> int:
    cost = layer_cost(layer, layer.shape, columns, dtype)
    return 0 if cost is None else cost.flops
