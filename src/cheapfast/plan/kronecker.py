"""Passes over Kronecker-sparse layers: runs of small blocks fused, every other factor by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.plan.cache import Cache, packing_fits
from cheapfast.plan.cost import layer_cost
from cheapfast.plan.fused import FusedRun, reverses_digits
from cheapfast.plan.hadamard import HadamardRun, hadamard_run
from cheapfast.plan.placing import addressable, aligned_empty, as_pairs
from cheapfast.plan.stages import run_from
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]


def plan_kronecker(layers: Sequence[Layer], _shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a run of small blocks (and the digit reversal before it), or one factor.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    Pass or None
        None if neither starts here.
    """
    layer = layers[position]
    if isinstance(layer, Permutation):
        run = run_from(layers, position + 1)
        if run and reverses_digits(layer, run):
            return FusedRun(run, layer).as_pass(position)
        return None
    if not isinstance(layer, KroneckerSparse) or 0 in layer.pattern:
        return None
    run = run_from(layers, position)
    sums = hadamard_run(layers, position)
    if len(sums) > 1 and len(sums) >= len(run):
        return HadamardRun(sums).as_pass(position)
    if len(run) > 1:
        return FusedRun(run, None).as_pass(position)
    return FactorPass(layer).as_pass(position)


class FactorPass:
    """One factor of any pattern, as a pass.

    Parameters
    ----------
    layer : KroneckerSparse
    """

    def __init__(self, layer: KroneckerSparse) -> None:
        self._layer = layer
        self._packed: Cache[_core.Factor] = Cache()

    def as_pass(self, position: int) -> Pass:
        """Return the pass at a position of the network.

        Parameters
        ----------
        position : int

        Returns
        -------
        Pass
        """
        layer = self._layer
        return Pass(
            kernel="kronecker",
            start=position,
            stop=position + 1,
            shape=layer.shape,
            run=self.run,
            cost=lambda columns, dtype: layer_cost(layer, layer.shape, columns, dtype),
            into=self.into,
            step=self.step,
        )

    def run(self, X: Array, threads: int) -> Array:
        """Apply the factor; see `Pass`."""
        dtype = np.result_type(self._layer.dtype, X.dtype)
        X = addressable(X.astype(dtype, copy=False))
        if dtype.kind == "c" and self._layer.dtype.kind != "c" and self._layer.bias is None:
            return as_pairs(X, threads, self.run)
        if not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)
        kernel = self._kernel(X)
        if kernel is None:
            return self._layer.apply(X)
        Y = aligned_empty(
            (self._layer.shape[0], X.shape[1]), dtype, fortran=not X.flags.c_contiguous
        )
        kernel.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the factor to where the result is wanted; see `Pass`."""
        same_order = (X.flags.c_contiguous and out.flags.c_contiguous) or (
            X.flags.f_contiguous and out.flags.f_contiguous
        )
        if X.dtype != out.dtype or not (X.flags.aligned and out.flags.aligned and same_order):
            return False
        kernel = self._kernel(X)
        if kernel is None:
            return False
        kernel.apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], shape: int) -> _core.Factor | None:
        """Return the factor packed for a type and shape of operand; see `Pass`."""
        if np.result_type(self._layer.dtype, dtype) != dtype:
            return None
        return self._pack(dtype, columns=shape == _core.COLUMNS)

    def _kernel(self, X: Array) -> _core.Factor | None:
        return self._pack(X.dtype, columns=X.flags.c_contiguous and X.shape[1] > 1)

    def _pack(self, dtype: np.dtype[Any], *, columns: bool) -> _core.Factor | None:
        """Return the values as the kernel reads them; None if there is no memory for them."""
        # One vector reads its weights along id, many vectors block by block.
        along_id = self._layer.pattern[3] > 1 and not columns
        key = (dtype, along_id)
        kernel = self._packed.get(key)
        if kernel is None and packing_fits((self._layer,), dtype):
            return self._packed.make(key, lambda: _factor(self._layer, dtype, along_id=along_id))
        return kernel


def _factor(layer: KroneckerSparse, dtype: np.dtype[Any], *, along_id: bool) -> _core.Factor:
    values, strides = _factor_values(layer, dtype, along_id=along_id)
    bias = None if layer.bias is None else layer.bias.astype(dtype, copy=False)
    return _core.Factor(layer.pattern, values, strides, bias)


def _factor_values(
    layer: KroneckerSparse, dtype: np.dtype[Any], *, along_id: bool
) -> tuple[Array, tuple[int, ...]]:
    """Return the values in one piece and how far apart they are along ia, ib, ic and id."""
    values = layer.values.materialize()
    order = (0, 1, 2, 3) if along_id else (0, 3, 2, 1)
    packed = np.ascontiguousarray(values.transpose(order), dtype=dtype)
    strides = [0, 0, 0, 0]
    for place, axis in enumerate(order):
        if values.shape[axis] == layer.pattern[axis] and values.shape[axis] > 1:
            strides[axis] = packed.strides[place] // dtype.itemsize
    return packed.reshape(-1), tuple(strides)
