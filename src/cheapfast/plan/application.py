"""Applying a plan to whatever a caller passes: the everyday call first, then every other one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _validate
from cheapfast.plan.operands import (
    as_operand,
    check_out,
    feature_axis,
    from_columns,
    to_columns,
    working_dtypes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cheapfast.plan.passes import Plan

Array = npt.NDArray[Any]


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

        A plain call has contiguous arrays of one or two dimensions and the right dtype, for which
        the passes are prepared.
        """
        return self.plan.program.callable()

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
        first, dtype = working_dtypes(operand.dtype, self.dtype)
        axis = feature_axis(operand, axis, self.shape[1])
        rest = operand.shape[:axis] + operand.shape[axis + 1 :]
        if out is not None:
            check_out(out, (*rest[:axis], self.shape[0], *rest[axis:]), dtype)
        copies = operand.dtype != first
        self.plan.require_memory(math.prod(rest), dtype, copies_operand=copies)
        if first == dtype and operand.flags.c_contiguous:
            shape = _core.operand_shape(dtype, axis == 0, math.prod(rest))
            self.plan.prepare(dtype, shape)
            # the same call, and so the same bits, as the next time
            result = self.plain(operand, out, axis, workers)
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
