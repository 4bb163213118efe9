"""Passes over Kronecker-sparse layers: runs of small blocks fused, every other factor by itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.plan.cost import Cost, layer_cost, weight_bytes
from cheapfast.plan.packing import Packing, cut_phases, pack
from cheapfast.plan.stages import Stage, is_falling, run_from
from cheapfast.plan.step import Pass
from cheapfast.support.permutation import DigitPermutation

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]
_Made = TypeVar("_Made")

_ALIGNMENT = 64
_SMALL_BYTES = 1 << 14  # below, placing a result on a cache line costs more than it gains
_NAMES = {"fourier": "fused fourier", "sums": "fused hadamard", "blocks": "fused butterfly"}


def plan_kronecker(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a run of small blocks (and the digit reversal before it), or one factor.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass or None
        None if neither starts here.
    """
    layer = layers[position]
    if isinstance(layer, Permutation):
        run = run_from(layers, position + 1)
        if run and _reverses_digits(layer, run):
            return _fused_pass(run, layer, position)
        return None
    if not isinstance(layer, KroneckerSparse) or 0 in layer.pattern:
        return None
    run = run_from(layers, position)
    return (
        _fused_pass(run, None, position)
        if len(run) > 1
        else _factor_pass(layer, shapes[position], position)
    )


class _Cache(Generic[_Made]):
    """Weights packed for one dtype and layout, each made once, when first needed."""

    def __init__(self) -> None:
        self._made: dict[Hashable, _Made] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> _Made | None:
        """Return what is there."""
        return self._made.get(key)

    def make(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """Return what is there, or else make it; threads that ask at once get the same."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


# -- runs


def _fused_pass(run: list[Stage], reorder: Permutation | None, position: int) -> Pass:
    first = run[0].layer
    features = first.shape[0]
    taken: list[Layer] = [stage.layer for stage in run]
    if reorder is not None:
        taken.insert(0, reorder)
    weights = np.result_type(*(stage.layer.dtype for stage in run))
    structured = run[0].kind != "blocks"
    packed: _Cache[_core.PackedRun] = _Cache()

    def run_fused(X: Array, threads: int) -> Array:
        dtype = np.result_type(weights, X.dtype)
        X = _addressable(X.astype(dtype, copy=False))
        if dtype.kind == "c" and weights.kind != "c":
            return _as_pairs(X, threads, run_fused)
        one_vector = X.shape[1] == 1 or (
            structured and X.flags.f_contiguous and not X.flags.c_contiguous
        )
        key = (dtype, one_vector, _core.fused_lanes(dtype))
        kernel = packed.get(key)
        if kernel is None:
            if not _packing_fits(taken, dtype):
                return _one_by_one(taken, X)
            kernel = packed.make(key, lambda: pack(run, reorder, features, Packing(*key)))
        Y = aligned_empty(X.shape, dtype, fortran=not X.flags.c_contiguous)
        kernel.apply(X, Y, threads)
        return Y

    def cost(columns: int, dtype: np.dtype[Any]) -> Cost:
        result = np.result_type(weights, dtype)
        packing = Packing(result, columns == 1, _core.fused_lanes(result))
        trips = len(cut_phases(run, features, packing))
        flops = sum(_flops(layer, columns, dtype) for layer in taken)
        moved = 2 * trips * features * columns * result.itemsize
        return Cost(moved + sum(map(_packed_bytes, run)), flops)

    return Pass(
        kernel=_NAMES[run[0].kind],
        start=position,
        stop=position + len(taken),
        shape=first.shape,
        run=run_fused,
        cost=cost,
    )


def _reverses_digits(reorder: Permutation, run: Sequence[Stage]) -> bool:
    """Say whether a permutation brings the digits of a whole run into the order that it needs."""
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


def _packing_fits(layers: Sequence[Layer], dtype: np.dtype[Any]) -> bool:
    """Say whether the weights fit in memory, twice: while they are packed, they are there twice."""
    widest = dtype.itemsize
    needed = sum(
        2 * weight_bytes(layer) * widest // layer.dtype.itemsize
        for layer in layers
        if isinstance(layer, KroneckerSparse)
    )
    return needed < _SMALL_BYTES or needed < _memory.available_bytes()


def _one_by_one(layers: Sequence[Layer], X: Array) -> Array:
    for layer in layers:
        X = layer.apply(X)
    return X


def _addressable(X: Array) -> Array:
    """Return a copy of what does not lie at whole numbers, such as a field of packed records."""
    size = X.dtype.itemsize
    if X.flags.aligned and X.strides[0] % size == 0 and X.strides[1] % size == 0:
        return X
    return X.copy()


def _as_pairs(X: Array, threads: int, run: Callable[[Array, int], Array]) -> Array:
    """Apply real weights to complex vectors as to twice as many real ones."""
    X = np.ascontiguousarray(X)
    real = X.view(X.real.dtype)
    return np.ascontiguousarray(run(real, threads)).view(X.dtype)


# -- single factors


def _factor_pass(layer: KroneckerSparse, shape: Shape, position: int) -> Pass:
    values: _Cache[tuple[Array, tuple[int, ...]]] = _Cache()

    def run_factor(X: Array, threads: int) -> Array:
        dtype = np.result_type(layer.dtype, X.dtype)
        X = _addressable(X.astype(dtype, copy=False))
        if dtype.kind == "c" and layer.dtype.kind != "c" and layer.bias is None:
            return _as_pairs(X, threads, run_factor)
        if not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)
        # One vector reads its weights along id, many vectors block by block.
        along_id = layer.pattern[3] > 1 and not (X.flags.c_contiguous and X.shape[1] > 1)
        key = (dtype, along_id)
        packed = values.get(key)
        if packed is None:
            if not _packing_fits((layer,), dtype):
                return layer.apply(X)
            packed = values.make(key, lambda: _factor_values(layer, dtype, along_id=along_id))
        array, strides = packed
        bias = None if layer.bias is None else layer.bias.astype(dtype, copy=False)
        fortran = not X.flags.c_contiguous
        Y = aligned_empty((layer.shape[0], X.shape[1]), dtype, fortran=fortran)
        _core.apply_factor(layer.pattern, array, strides, bias, X, Y, threads)
        return Y

    return Pass(
        kernel="kronecker",
        start=position,
        stop=position + 1,
        shape=shape,
        run=run_factor,
        cost=lambda columns, dtype: layer_cost(layer, shape, columns, dtype),
    )


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


def aligned_empty(shape: tuple[int, int], dtype: np.dtype[Any], *, fortran: bool) -> Array:
    """Return an uninitialised array that starts on a cache line.

    Parameters
    ----------
    shape : (int, int)
    dtype : numpy.dtype
    fortran : bool
        Whether columns are contiguous, not rows.

    Returns
    -------
    numpy.ndarray
        NumPy's own arrays start at odd multiples of 16 bytes, so that every other load of a long
        register takes two cache lines.
    """
    order = "F" if fortran else "C"
    size = shape[0] * shape[1] * dtype.itemsize
    if size < _SMALL_BYTES:
        return np.empty(shape, dtype, order=order)  # type: ignore[call-overload, no-any-return]
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape, order=order)  # type: ignore[call-overload, no-any-return]
