"""Checks of what product gates are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._validate import real
from cheapfast.gates.parameters import best_bias, vanishes
from cheapfast.gates.sigma import Sigma

Factors = npt.NDArray[Any]


def factors(x: npt.ArrayLike) -> Factors:
    """Return the factors as an array of float64, or of Python integers.

    Parameters
    ----------
    x : array_like
        Shape (n,) or (m, n); real and finite. Integers too large for int64 stay exact.

    Returns
    -------
    ndarray
        Of dtype float64 or object.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If they are not finite, or have another number of dimensions.
    """
    try:
        array = exact_array(x)
    except ValueError as error:
        raise ValueError(f"x must be an array of numbers: {error}") from None
    if array.ndim not in (1, 2):
        raise ValueError(f"x must have shape (n,) or (m, n), got {array.shape}")
    if array.size == 0:
        return array.astype(np.float64)
    if array.dtype.kind in "iu":
        return array.astype(object)
    if array.dtype.kind == "O" and all(isinstance(value, int) for value in array.flat):
        return array
    if array.dtype not in (np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.float16)):
        raise TypeError(f"x must hold integers or floats up to float64, got {array.dtype}")
    result = array.astype(np.float64)
    if not np.isfinite(result).all():
        raise ValueError("x must be finite, got NaN or infinity")
    return result


def exact_array(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return an array; integers that NumPy would round to floats stay Python's.

    Parameters
    ----------
    values : array_like
        Integers of both signs, some of them beyond int64, have no common type but float64.

    Returns
    -------
    ndarray
    """
    array = np.asarray(values)
    if array.dtype.kind == "f" and not isinstance(values, np.ndarray):
        exact = np.asarray(values, dtype=object)
        if exact.size and all(isinstance(value, int) for value in exact.flat):
            return exact
    return array


def as_floats(x: Factors) -> npt.NDArray[np.float64]:
    """Return the factors in float64; ValueError where they are too large for it.

    Parameters
    ----------
    x : ndarray
        As returned by `factors`.

    Returns
    -------
    ndarray
    """
    try:
        return x.astype(np.float64)
    except OverflowError:
        raise ValueError("x holds integers beyond float64: use method='sorted'") from None


def number(value: object, name: str, positive: bool = False) -> float:
    """Return a finite real number.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        For the message.
    positive : bool, optional
        Whether it must be above 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If it is no such number.
    """
    result = real(value, name, "a number or 'auto'")
    if not math.isfinite(result) or (positive and result <= 0):
        wanted = "a positive finite number" if positive else "finite"
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return result


def require_gate(sigma: Sigma, n: int, bias: float) -> None:
    """Refuse a bias at which the n-th Taylor coefficient vanishes, and say which would do.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.
    bias : float
        The bias asked for.

    Raises
    ------
    ValueError
        If there is no gate with this bias.
    """
    if not vanishes(sigma, n, bias):
        return
    better = best_bias(sigma, n)
    advice = "no bias will do" if better is None else f"bias={better:.4f} would do"
    raise ValueError(
        f"bias={bias!r}: derivative {n} of {sigma.name} vanishes there, so {n} factors have no "
        f"product gate; {advice}"
    )
