"""Applying a plan to whatever a caller passes: the everyday call first, then every other one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _validate
from cheapfast._arrays import check_out
from cheapfast.plan.operands import (
    as_operand,
    feature_axis,
    from_columns,
    to_columns,
    working_dtypes,
)
from cheapfast.plan.placing import aligned_empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from cheapfast.plan.plan import Plan

Array = npt.NDArray[Any]

_INDEX_MAX = np.iinfo(np.int64).max  # longer vectors exist as descriptions only
_TYPES = tuple(map(np.dtype, ("f4", "f8", "c8", "c16")))

# Numbers of a matrix in a stack that are worth a call; smaller ones are laid side by side.
_LEAST_OF_A_STACK = 1 << 11


@dataclass(frozen=True)
class Application:
    """A plan, and what checks its operands.

    Parameters
    ----------
    plan : Plan
    shape : (int, int)
        Outputs and inputs.
    dtype : numpy.dtype
        Common to all weights.
    """

    plan: Plan
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    @cached_property
    def plain(self) -> Callable[..., Array | None]:
        """(X, out, axis, threads), or X for numpy.matmul's rule, to the result; None if not plain.

        A plain call has contiguous arrays of one or two dimensions and a dtype for which the passes
        are prepared: as it is, widened, or as real and imaginary parts.
        """
        return self.program.callable()

    @cached_property
    def program(self) -> _core.Program:
        """What runs plain calls without coming back to Python, as far as it has been prepared."""
        outputs, inputs = (min(size, _INDEX_MAX) for size in self.shape)
        widened = {one: self._entering(one)[1] for one in _TYPES if self._widens(one)}
        splits, widest = self.plan.splits, min(self.plan.widest, _INDEX_MAX)
        return _core.Program(
            inputs, outputs, _validate.thread_count, widened, splits=splits, widest=widest
        )

    def _entering(self, operand: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any]]:
        """Return in which type operands enter the first pass, and that of the result."""
        first, dtype = working_dtypes(operand, self.dtype)
        return (dtype if self.plan.widens_at_once else first), dtype

    def _widens(self, operand: np.dtype[Any]) -> bool:
        """Say whether operands of a type become the result's at once, and that is another one."""
        first, dtype = self._entering(operand)
        return operand != first == dtype

    def apply(self, X: npt.ArrayLike, out: Array | None, axis: int, threads: int | None) -> Array:
        """Apply the plan along an axis; see `Network.apply`.

        Parameters
        ----------
        X : array_like
        out : ndarray or None
        axis : int
        threads : int or None

        Returns
        -------
        ndarray
            `out` if that was given.
        """
        result = self.plain(X, out, axis, threads)
        return self.general(X, out, axis, threads) if result is None else result

    def general(self, X: npt.ArrayLike, out: Array | None, axis: int, threads: int | None) -> Array:
        """Do the same for calls of any kind, and make the next of this kind a plain one.

        Parameters
        ----------
        X : array_like
        out : ndarray or None
        axis : int
        threads : int or None

        Returns
        -------
        ndarray
        """
        axis = _validate.integer(axis, "axis")
        workers = _validate.thread_count(threads)
        operand = as_operand(X)
        first, dtype = self._entering(operand.dtype)
        axis = feature_axis(operand, axis, self.shape[1])
        rest = operand.shape[:axis] + operand.shape[axis + 1 :]
        if out is not None:
            check_out(out, (*rest[:axis], self.shape[0], *rest[axis:]), dtype)
        copies = operand.dtype != first
        self.plan.require_memory(math.prod(rest), dtype, copies_operand=copies)
        if first == dtype:
            # the same call, and so the same bits, as the next time
            result = self._prepared(operand, out, axis, workers, dtype)
            if result is not None:
                return result
        columns = to_columns(operand, axis, first)
        if out is not None and out.ndim <= 2:  # of more dimensions, reshaping might be copying
            self.plan.run(columns, workers, to_columns(out, axis, dtype))
            return out
        result = from_columns(self.plan.run(columns, workers), axis, rest)
        if out is None:
            return result
        out[...] = result
        return out

    def _prepared(
        self, X: Array, out: Array | None, axis: int, workers: int, dtype: np.dtype[Any]
    ) -> Array | None:
        """Make a plain call of one that becomes one by a view or a conversion; None of others."""
        if X.ndim == 2 and X.flags.f_contiguous and not X.flags.c_contiguous:
            result = self._prepared(X.T, None if out is None else out.T, 1 - axis, workers, dtype)
            return result if result is None else result.T if out is None else out
        if X.dtype == dtype and not X.flags.c_contiguous:
            return None  # the kernels read many strides without a copy
        X = X.astype(dtype, order="C", copy=False)
        before, after = X.shape[:axis], X.shape[axis + 1 :]
        if X.ndim <= 2:
            return self._plain(X, out, axis, workers)
        if out is not None and not out.flags.c_contiguous:
            return None
        if math.prod(before) > 1 and math.prod(after) > 1:
            return self._stacked(X, out, axis, workers)
        position = 0 if math.prod(before) == 1 else 1
        flat_out = None if out is None else _flat(out, axis, position)
        result = self._plain(_flat(X, axis, position), flat_out, position, workers)
        if result is None or out is not None:
            return result if result is None else out
        return result.reshape(*before, self.shape[0], *after)

    def _plain(self, X: Array, out: Array | None, axis: int, workers: int) -> Array | None:
        if X.size == 0:
            return None
        vectors = X.size // self.shape[1]
        splits = self.plan.splits and X.dtype.kind == "c"
        if splits and (axis == 0 or vectors == 1):  # a column is two real ones, as it lies there
            self._prepare(X.real.dtype, True, 2 * vectors)
        elif not self._prepare(X.dtype, axis == 0, vectors) and splits:
            return self._taken_apart(X, out, workers)
        return self.plain(X, out, axis, workers)

    def _prepare(self, dtype: np.dtype[Any], side_by_side: bool, vectors: int) -> bool:
        """Make plain calls with operands like these quick from now on, if that can be."""
        return self._prepare_shape(dtype, _core.operand_shape(dtype, side_by_side, vectors))

    def _prepare_shape(self, dtype: np.dtype[Any], shape: int) -> bool:
        if not self.program.is_set(dtype, shape):
            parts = self.plan.takes_apart and dtype.kind == "c"
            self.program.set(dtype, shape, [] if parts else self.plan.steps(dtype, shape))
        return self.program.is_ready(dtype, shape)

    def _taken_apart(self, X: Array, out: Array | None, workers: int) -> Array | None:
        """Apply a real map to the parts of complex vectors, each in one piece, by the program.

        Parameters
        ----------
        X : ndarray, (vectors, inputs)
        out : ndarray, (vectors, outputs), or None
        workers : int

        Returns
        -------
        ndarray or None
            None if the map is no plain one, or left the range of its type; `out` may then hold a
            part of what it gave.
        """
        if not self._prepare_shape(X.real.dtype, self.program.parts_shape(X.dtype, len(X))):
            return None
        is_plain = type(out) is np.ndarray and out.flags.carray
        if is_plain and not np.may_share_memory(X, out):
            return self.plain(X, out, 1, workers)
        # made here, for memory was asked for here: the program refuses to make large ones
        result = aligned_empty((len(X), self.shape[0]), X.dtype, fortran=False)
        made = self.plain(X, result, 1, workers)
        if made is None or out is None:
            return made
        out[...] = result
        return out

    def _stacked(self, X: Array, out: Array | None, axis: int, workers: int) -> Array | None:
        """Apply the plan to a stack of matrices, one after the other; None if they are small."""
        before, after = X.shape[:axis], X.shape[axis + 1 :]
        if self.shape[1] * math.prod(after) < _LEAST_OF_A_STACK:
            return None
        result = np.empty((*before, self.shape[0], *after), X.dtype) if out is None else out
        if np.may_share_memory(X, result):
            return None
        matrices = (math.prod(before), -1, math.prod(after))
        for source, target in zip(X.reshape(matrices), result.reshape(matrices), strict=True):
            self.apply(source, target, 0, workers)
        return result


def _flat(X: Array, axis: int, position: int) -> Array:
    """Return a view of an array without gaps that has two axes, the features along one of them."""
    features = X.shape[axis]
    others = math.prod(X.shape[:axis]) * math.prod(X.shape[axis + 1 :])
    return X.reshape((features, others) if position == 0 else (others, features))
