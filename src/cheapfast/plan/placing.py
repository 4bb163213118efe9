"""Where operands and results lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_ALIGNMENT = 64


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
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape, order=order)  # type: ignore[call-overload, no-any-return]


def is_addressable(X: Array) -> bool:
    """Say whether an array lies at whole numbers; a field of packed records does not.

    Parameters
    ----------
    X : ndarray, two dimensions

    Returns
    -------
    bool
    """
    size = X.dtype.itemsize
    return X.flags.aligned and X.strides[0] % size == 0 and X.strides[1] % size == 0


def addressable(X: Array) -> Array:
    """Return an array, or a copy of one that does not lie at whole numbers.

    Parameters
    ----------
    X : ndarray, two dimensions

    Returns
    -------
    ndarray
    """
    return X if is_addressable(X) else X.copy()


def dense(X: Array) -> Array:
    """Return an array, or a copy of one that has gaps or lies at odd addresses.

    Parameters
    ----------
    X : ndarray, two dimensions

    Returns
    -------
    ndarray
        In C or in Fortran order, aligned.
    """
    if X.flags.aligned and (X.flags.c_contiguous or X.flags.f_contiguous):
        return X
    return np.array(X, order="C")


def same_order(X: Array, out: Array) -> bool:
    """Say whether two arrays lie in memory without gaps, aligned, and in the same way.

    Parameters
    ----------
    X, out : ndarray, two dimensions

    Returns
    -------
    bool
    """
    if not (X.flags.aligned and out.flags.aligned):
        return False
    return (X.flags.c_contiguous and out.flags.c_contiguous) or (
        X.flags.f_contiguous and out.flags.f_contiguous
    )


def as_pairs(X: Array, threads: int, run: Callable[[Array, int], Array]) -> Array:
    """Apply real weights to complex vectors as to twice as many real ones.

    Parameters
    ----------
    X : ndarray, complex
    threads : int
    run : callable
        Applies them to real vectors.

    Returns
    -------
    ndarray
    """
    X = np.ascontiguousarray(X)
    real = X.view(X.real.dtype)
    return np.ascontiguousarray(run(real, threads)).view(X.dtype)
