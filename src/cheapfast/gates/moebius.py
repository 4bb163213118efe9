"""Functions of bits as sums of bit products, and back: the Moebius transform over subsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast._validate import thread_count
from cheapfast.gates.inputs import exact_array

Array = npt.NDArray[Any]


def moebius_transform(values: npt.ArrayLike, threads: int | None = None) -> Array:
    r"""Return the coefficients of a function of n bits as a sum of bit products (eq. 13).

    Parameters
    ----------
    values : array_like, shape (2**n,)
        The function: entry x is its value where bit i of x is the i-th argument. Integers stay
        exact, whatever their size; truth values count as 0 and 1.
    threads : int, optional
        How many to use. The result does not depend on it, to the bit.

    Returns
    -------
    ndarray, shape (2**n,)
        h with :math:`f(x) = \sum_{K \subseteq x} h_K`, K a set of bits.

    Raises
    ------
    ValueError
        If the length is no power of two.
    TypeError
        If the values are no real numbers.

    Notes
    -----
    :math:`h_K = \sum_{x \subseteq K} (-1)^{|K| - |x|} f(x)`, by n 2^(n-1) differences (F. Yates's
    scheme), three bits a pass. It is a bijection; `inverse_moebius_transform` goes back.

    Examples
    --------
    >>> moebius_transform([0, 1, 1, 0])
    array([ 0,  1,  1, -2])
    """
    return _subset_sums(values, False, threads)


def inverse_moebius_transform(coefficients: npt.ArrayLike, threads: int | None = None) -> Array:
    r"""Return the function of n bits with the given coefficients.

    Parameters
    ----------
    coefficients : array_like, shape (2**n,)
        h, as `moebius_transform` returns it.
    threads : int, optional
        How many to use.

    Returns
    -------
    ndarray, shape (2**n,)
        :math:`f(x) = \sum_{K \subseteq x} h_K`.

    Raises
    ------
    ValueError
        If the length is no power of two.
    TypeError
        If the coefficients are no real numbers.

    Examples
    --------
    >>> inverse_moebius_transform([0, 1, 1, -2])
    array([0, 1, 1, 0])
    """
    return _subset_sums(coefficients, True, threads)


def _subset_sums(values: npt.ArrayLike, add: bool, threads: int | None) -> Array:
    """Combine each entry that has a bit with the one that does not, bit after bit."""
    workers = thread_count(threads)
    table = _computable(exact_array(values))
    size = table.size
    if table.ndim != 1 or size == 0 or size & (size - 1):
        raise ValueError(f"values must be 2^n numbers in one dimension, got shape {table.shape}")
    if table.dtype in (np.float32, np.float64, np.int64):
        _core.subset_sums(table, add, workers)
    else:
        _combine(table, np.add if add else np.subtract)
    return table


def _computable(values: Array) -> Array:
    """Copy, in a type that the sums do not leave."""
    kind = values.dtype.kind
    if kind == "O" and all(isinstance(value, int) for value in values.flat):
        return _wide_integers(values)
    if kind not in "biuf":
        raise TypeError(f"values must be real numbers, got {values.dtype}")
    if kind != "f":
        return _wide_integers(values)
    return np.array(values, np.float32 if values.dtype == np.float16 else values.dtype, order="C")


def _wide_integers(table: Array) -> Array:
    """Copy to integers that n differences cannot overflow: int64, or Python's."""
    largest = max(abs(int(table.max())), abs(int(table.min()))) if table.size else 0
    return table.astype(object if largest * table.size >= 1 << 63 else np.int64)


def _combine(table: Array, ufunc: np.ufunc) -> None:
    """Do the same for numbers that no kernel is for: Python's integers, long doubles."""
    half = 1
    while half < table.size:
        pairs = table.reshape(-1, 2, half)
        ufunc(pairs[:, 1], pairs[:, 0], out=pairs[:, 1])
        half *= 2
