"""Passes over two Kronecker-sparse factors whose blocks fall into groups, as those of a Monarch do.

What flows between the factors within a group is a few hundred rows: it stays in a cache, while all
of it would go to memory and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast._validate import size_of
from cheapfast.plan.cache import Cache
from cheapfast.plan.cost import Cost
from cheapfast.plan.placing import aligned_empty, dense, same_order
from cheapfast.plan.step import Applier

if TYPE_CHECKING:
    from cheapfast.plan.passes.factor import FactorPass

Array = npt.NDArray[Any]

_MOST_VALUES = 1 << 62  # that the kernels can count; larger factors exist as descriptions only
_WORTH_PARTS = 16  # see real_work; columns are quicker in a pair, too


def can_pair(first: FactorPass, second: FactorPass) -> bool:
    """Say whether two factors go as one pass.

    Parameters
    ----------
    first, second : FactorPass
        Neighbours, in data-flow order.

    Returns
    -------
    bool
    """
    if not (first.is_plain and second.is_plain):
        return False
    if max(size_of(first.pattern), size_of(second.pattern)) > _MOST_VALUES:
        return False
    return _core.factors_pair(first.pattern, second.pattern)


class PairPass(Applier):
    """Two factors, each with its light layers, as one pass.

    Vectors side by side go through both factors group by group; one vector, or vectors that lie
    behind each other, through one factor after the other.

    Parameters
    ----------
    first, second : FactorPass
        See `can_pair`.
    """

    kernel = "kronecker pair"

    def __init__(self, first: FactorPass, second: FactorPass) -> None:
        self._first, self._second = first, second
        self._pairs: Cache[_core.FactorPair | None] = Cache()
        self.shape, self.count = (second.shape[0], first.shape[1]), first.count + second.count
        self.folded = tuple(dict.fromkeys((*first.folded, *second.folded)))
        self.inner = first.shape[0]
        self.takes_apart = max(first.real_work, second.real_work) >= _WORTH_PARTS

    def run(self, X: Array, threads: int) -> Array:
        """Apply both factors; see `Pass`."""
        X = dense(X)
        pair = self._pair(X.dtype) if _is_batch(X) else None
        if pair is None:
            return self._second.run(self._first.run(X, threads), threads)
        Y = aligned_empty((self._second.shape[0], X.shape[1]), X.dtype, fortran=False)
        pair.apply(X, Y, threads)
        return Y

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply both factors to where the result is wanted; see `Pass`."""
        if X.dtype != out.dtype or not same_order(X, out):
            return False
        pair = self._pair(X.dtype) if _is_batch(X) and out.flags.c_contiguous else None
        if pair is None:
            return self._second.into(self._first.run(X, threads), out, threads)
        pair.apply(X, out, threads)
        return True

    def step(
        self, dtype: np.dtype[Any], shape: int
    ) -> _core.FactorPair | tuple[_core.Step, _core.Step] | None:
        """Return what a program runs for a type and shape of operand; see `Pass`."""
        pair = self._pair(dtype) if shape in {_core.COLUMNS, _core.FEW_COLUMNS} else None
        if pair is not None:
            return pair
        first, second = self._first.step(dtype, shape), self._second.step(dtype, shape)
        return None if first is None or second is None else (first, second)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost:
        """Return what the factors read, write and compute; see `Pass`."""
        between = columns * self._first.shape[0]
        written = np.result_type(self._first.dtype, dtype).itemsize
        total = self._first.cost(columns, dtype) + self._second.cost(columns, dtype)
        return Cost(total.bytes - between * (written + dtype.itemsize), total.flops)

    def _pair(self, dtype: np.dtype[Any]) -> _core.FactorPair | None:
        """Return both factors as the kernel reads them; None if it does not take that type."""
        pair = self._pairs.get(dtype)
        return self._pairs.make(dtype, lambda: self._make(dtype)) if pair is None else pair

    def _make(self, dtype: np.dtype[Any]) -> _core.FactorPair | None:
        first, second = (one.step(dtype, _core.COLUMNS) for one in (self._first, self._second))
        if isinstance(first, _core.Factor) and isinstance(second, _core.Factor):
            return _core.FactorPair(first, second)
        return None


def _is_batch(X: Array) -> bool:
    """Say whether there are vectors side by side."""
    return bool(X.flags.c_contiguous) and X.shape[1] > 1
