"""Passes over one Kronecker-sparse factor of any pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast._validate import size_of
from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.plan.cache import Cache, packing_fits
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.frame import Reordering, around, framed, names, one_by_one
from cheapfast.plan.passes.tied import Tied, tied_block
from cheapfast.plan.placing import aligned_empty, as_pairs, dense, same_order
from cheapfast.plan.step import Applier

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]

_MANY_IDS = 16  # beside each other, so that they fill registers
_FEW_IDS = 8  # that fill half of one, or all of it
_WORTH_PARTS = 32  # see real_work


class FactorPass(Applier):
    """One factor of any pattern, and the light layers around it, as a pass.

    Diagonals are multiplied into free values; a bias is what the sums start with.

    Parameters
    ----------
    layer : KroneckerSparse
    before, after : sequence of Layer
        Light layers.
    """

    kernel = "kronecker"

    def __init__(
        self, layer: KroneckerSparse, before: Sequence[Layer] = (), after: Sequence[Layer] = ()
    ) -> None:
        self._layer, self._before, self._after = layer, before, after
        self._taken, self._lights = [*before, layer, *after], [*before, *after]
        self._weights = np.result_type(*(one.dtype for one in self._taken))
        self._has_bias = any(one.bias is not None for one in self._taken)
        self._packed: Cache[_core.Factor | _core.Framed] = Cache()
        self.shape, self.count = layer.shape, len(self._taken)
        if self._lights or self._has_bias:
            self.folded = names(self._taken)
        self.takes_apart = self.real_work >= _WORTH_PARTS

    @property
    def pattern(self) -> tuple[int, int, int, int]:
        """Of the factor."""
        return self._layer.pattern

    @property
    def dtype(self) -> np.dtype[Any]:
        """Common to all weights."""
        return self._weights

    @property
    def real_work(self) -> int:
        """See `real_work`."""
        return real_work(self._layer.pattern[1:3], self._weights)

    @property
    def is_plain(self) -> bool:
        """Whether each block has weights of its own along id and does all: nothing is permuted."""
        values, pattern = self._layer.values, self._layer.pattern
        if values.shape[3] != pattern[3]:
            return False
        is_free = values.shape == pattern
        return all(is_free and not isinstance(one, Permutation) for one in self._lights)

    def run(self, X: Array, threads: int) -> Array:
        """Apply the factor; see `Pass`."""
        dtype = np.result_type(self._weights, X.dtype)
        X = dense(X.astype(dtype, copy=False))
        if dtype.kind == "c" and self._weights.kind != "c" and not self._has_bias:
            return as_pairs(X, threads, self.run)
        kernel = self._kernel(X)
        if kernel is None:
            return one_by_one(self._taken, X)
        Y = aligned_empty((self.shape[0], X.shape[1]), dtype, fortran=not X.flags.c_contiguous)
        kernel.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the factor to where the result is wanted; see `Pass`."""
        if X.dtype != out.dtype or not same_order(X, out):
            return False
        kernel = self._kernel(X)
        if kernel is None:
            return False
        kernel.apply(X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], shape: int) -> _core.Factor | _core.Framed | None:
        """Return the factor packed for a type and shape of operand; see `Pass`."""
        if np.result_type(self._weights, dtype) != dtype:
            return None
        return self._pack(dtype, shape)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the factor reads, writes and computes; see `Pass`."""
        total = layer_cost(self._layer, self.shape, columns, dtype)
        assert total is not None
        for light in self._lights:
            cost = layer_cost(light, light.shape, columns, dtype)
            assert cost is not None
            total += Cost(0, cost.flops)
        return total

    def _kernel(self, X: Array) -> _core.Factor | _core.Framed | None:
        if X.shape[1] == 1:
            return self._pack(X.dtype, _core.VECTOR)
        return self._pack(X.dtype, _core.COLUMNS if X.flags.c_contiguous else _core.ROWS)

    def _pack(self, dtype: np.dtype[Any], shape: int) -> _core.Factor | _core.Framed | None:
        """Return the values as the kernel reads them; None if there is no memory for them."""
        along_id = self._reads_along_id(shape)
        key = (dtype, along_id)
        kernel = self._packed.get(key)
        if kernel is None and packing_fits(self._taken, dtype):
            return self._packed.make(key, lambda: self._pack_now(dtype, along_id=along_id))
        return kernel

    def _reads_along_id(self, shape: int) -> bool:
        """Say whether weights lie along id; else they lie block by block, each along its rows.

        The lanes of a register run along id or along the rows of a block, whichever fills them;
        those of columns along columns. Small blocks go along id for one vector only: more of them
        are turned into columns.
        """
        rows, ids = self._layer.values.shape[1], self._layer.values.shape[3]
        if ids == 1 or shape in {_core.COLUMNS, _core.FEW_COLUMNS}:
            return False
        if shape == _core.VECTOR and ids >= rows:
            return True
        return bool(ids >= max(_FEW_IDS, min(rows, _MANY_IDS)))

    def _pack_now(self, dtype: np.dtype[Any], *, along_id: bool) -> _core.Factor | _core.Framed:
        layer = self._layer
        values = layer.values.materialize()
        before, after = around(self._before, [layer], self._after, dtype)
        if values.size == size_of(layer.pattern):  # free
            tied = _worth_tying(values) if along_id else None
            if tied is not None:
                values = tied.block[np.newaxis, :, :, np.newaxis]
                before, after = _between(before, tied, after, dtype)
            else:
                values, before, after = _scaled(values, before, after)
        packed, strides = _packed_values(
            values, layer.pattern, dtype, along_id=along_id and values.shape[3] > 1
        )
        # what is scaled behind the kernel, or takes all ids together, gets its bias there
        is_later = after.scale is not None or (values.shape[3] == 1 and layer.pattern[3] > 1)
        bias = None
        if not is_later:
            _, bias = after.at_source()
            after = Reordering(after.order)
        return framed(_core.Factor(layer.pattern, packed, strides, bias), before, after)


def real_work(shape: tuple[int, int], weights: np.dtype[Any]) -> int:
    """Return what is saved where complex vectors are taken apart, so that real weights stay real.

    Parameters
    ----------
    shape : (int, int)
        Of a dense block.
    weights : numpy.dtype

    Returns
    -------
    int
        Multiplications for each number that enters or leaves the block, which is what taking
        apart costs; 0 of complex weights.
    """
    rows, columns = shape
    return 0 if weights.kind == "c" else rows * columns // max(rows + columns, 1)


def _scaled(
    values: Array, before: Reordering, after: Reordering
) -> tuple[Array, Reordering, Reordering]:
    """Multiply diagonals into free values."""
    a, b, c, d = values.shape
    scale, _ = after.at_source()
    if before.scale is not None:
        values = values * before.scale.reshape(a, 1, c, d)
    if scale is not None:
        values = values * scale.reshape(a, b, 1, d)
    return values, Reordering(before.order), Reordering(after.order, None, after.bias)


def _worth_tying(values: Array) -> Tied | None:
    """Return the small matrix and the diagonals that one vector is better applied to, if any."""
    return tied_block(values) if values.shape[3] >= _MANY_IDS else None


def _between(
    before: Reordering, tied: Tied, after: Reordering, dtype: np.dtype[Any]
) -> tuple[Reordering, Reordering]:
    """Put the diagonals of a factor to those around it."""
    first, last = (one.reshape(-1).astype(dtype) for one in (tied.before, tied.after))
    if after.order is not None:
        last = last[after.order]
    return (
        Reordering(before.order, _product(before.scale, first)),
        Reordering(after.order, _product(after.scale, last), after.bias),
    )


def _product(one: Array | None, other: Array) -> Array | None:
    if one is not None:
        return one * other
    return None if np.all(other == 1) else other


def _packed_values(
    values: Array, pattern: tuple[int, ...], dtype: np.dtype[Any], *, along_id: bool
) -> tuple[Array, tuple[int, ...]]:
    """Return the values in one piece and how far apart they are along ia, ib, ic and id."""
    order = (0, 1, 2, 3) if along_id else (0, 3, 2, 1)
    turned = values.transpose(order)
    # long registers of weights should not take two cache lines each
    packed = aligned_empty((1, turned.size), dtype, fortran=False).reshape(turned.shape)
    packed[...] = turned
    strides = [0, 0, 0, 0]
    for place, axis in enumerate(order):
        if values.shape[axis] == pattern[axis] and values.shape[axis] > 1:
            strides[axis] = packed.strides[place] // dtype.itemsize
    return packed.reshape(-1), tuple(strides)
