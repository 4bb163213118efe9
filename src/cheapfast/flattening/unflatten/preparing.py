"""The matrix that was passed, checked and brought into the form that the families work with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from cheapfast import _memory
from cheapfast._arrays import SUPPORTED_DTYPES, weights
from cheapfast._validate import nonnegative
from cheapfast.flattening.unflatten.problem import Array, Problem, measured

# What storing a matrix in its dtype costs, with room for the rounding of the factors.
_ROUNDING = 32
# Norms are sums of squares: unless they are within these, the largest entry is brought near 1.
_MODERATE = {4: (2.0**-20, 2.0**40), 8: (2.0**-200, 2.0**300)}


def make_problem(
    matrix: object,
    tolerance: object,
    rng: np.random.Generator,
    threads: int,
    memory_limit: int | None = None,
) -> tuple[Problem, int]:
    """Check the arguments and bring the matrix into the form that the families work with.

    Parameters
    ----------
    matrix : array_like or sparse array
        What the caller passed.
    tolerance : object
        What the caller passed.
    rng : numpy.random.Generator
        What to sample with.
    threads : int
        Number of threads.
    memory_limit : int, optional
        Bytes that may be taken beside the matrix; by default what is available.

    Returns
    -------
    problem : Problem
        Its matrix is the one passed, divided by a power of two where its entries are extreme.
    exponent : int
        Of that power.

    Raises
    ------
    TypeError
        If the dtype is not supported, or the tolerance is no number.
    ValueError
        If the matrix has not two dimensions, is empty, or holds NaN or infinities; if the tolerance
        is negative, NaN, or 1 or more.
    MemoryError
        Before the matrix is converted or written out, if that does not fit.
    """
    allowed = _checked_tolerance(tolerance)
    array, held = _dense(matrix, memory_limit)
    precision = float(np.finfo(array.dtype).eps)
    allowed = max(allowed, _ROUNDING * precision)
    zeros, non_finite, norm = measured(array, threads)
    if non_finite:
        raise ValueError(f"matrix must be finite, got {non_finite} NaN or infinite value(s)")
    problem = Problem(array, norm, zeros, allowed, array.size + 1, rng, threads, memory_limit, held)
    exponent = _extreme_exponent(array, norm)
    if exponent:
        problem.require(2 * array.nbytes, "dividing by a power of two")
        problem = problem.part(_divided(array, exponent), problem.budget, array.nbytes)
    return problem, exponent


def _checked_tolerance(tolerance: object) -> float:
    value = nonnegative(tolerance, "tolerance")
    if value >= 1:
        raise ValueError(
            f"tolerance must be below 1, the relative error of a zero matrix, got {tolerance!r}"
        )
    return value


def _dense(matrix: Any, memory_limit: int | None) -> tuple[Array, int]:
    """Write the matrix out in C order and a supported dtype; return it and the bytes of copies."""
    if sparse.issparse(matrix):
        itemsize = max(8, matrix.dtype.itemsize)
        _memory.require(
            matrix.shape[0] * matrix.shape[1] * itemsize,
            f"a sparse matrix of shape {matrix.shape}, written out dense,",
            "unflatten its connected components one by one",
            limit=memory_limit,
        )
        matrix = matrix.toarray()
        array = np.ascontiguousarray(weights(matrix, "matrix", ndim=2))
        return _not_empty(array), array.nbytes
    if isinstance(matrix, np.ndarray) and not _is_as_needed(matrix):
        _memory.require(
            2 * matrix.size * max(8, matrix.itemsize),  # the type first, then the order
            f"converting a matrix of shape {matrix.shape}",
            "pass float32, float64, complex64 or complex128 in C order",
            limit=memory_limit,
        )
    array = np.ascontiguousarray(weights(matrix, "matrix", ndim=2))
    given = isinstance(matrix, np.ndarray) and np.may_share_memory(array, matrix)
    return _not_empty(array), 0 if given else array.nbytes


def _is_as_needed(matrix: Array) -> bool:
    return matrix.dtype in SUPPORTED_DTYPES and matrix.flags.c_contiguous


def _not_empty(array: Array) -> Array:
    if array.size == 0:
        raise ValueError(f"matrix must not be empty, got shape {array.shape}")
    return array


def _extreme_exponent(array: Array, norm: float) -> int:
    """Return the exponent of the largest entry if sums of squares overflow or vanish, else 0."""
    real = array.reshape(-1)
    if real.dtype.kind == "c":
        real = real.view(real.real.dtype)
    low, high = _MODERATE[real.dtype.itemsize]
    if low <= norm <= high:
        return 0
    largest = max(float(real.max()), -float(real.min()))
    return math.frexp(largest)[1] if largest else 0


def _divided(array: Array, exponent: int) -> Array:
    half = -exponent // 2
    rest = -exponent - half
    real = array.dtype.type(0).real.dtype.type
    return np.ascontiguousarray(array * real(2.0**half) * real(2.0**rest))
