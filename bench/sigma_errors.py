"""Errors of the compiled activations in units of the last place."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core

from .model import UnavailableError

Array = npt.NDArray[Any]

LONG = np.longdouble
#: Points with the largest errors, by long doubles, that are computed again with 50 digits.
CHECKED = 1000
#: Where each activation's values are neither 0 nor infinite (and the sine's reduction is exact).
RANGES = {
    "exp": {"float64": (-745.1, 709.78), "float32": (-103.9, 88.72)},
    "logistic": {"float64": (-745.1, 745.0), "float32": (-103.9, 104.0)},
    "softplus": {"float64": (-745.1, 745.0), "float32": (-103.9, 104.0)},
    "tanh": {"float64": (-25.0, 25.0), "float32": (-12.0, 12.0)},
    "sin": {"float64": (-6e6, 6e6), "float32": (-6e3, 6e3)},
    "gauss": {"float64": (-27.29, 27.29), "float32": (-10.19, 10.19)},
}


def largest_error(sigma: str, dtype: Any, count: int) -> float:
    """Return the largest error of one activation on all instruction sets of this machine.

    Parameters
    ----------
    sigma : str
        Its name.
    dtype : type
        numpy.float32 or numpy.float64.
    count : int
        How many points.

    Returns
    -------
    float
        Units of the last place of the exact value, those of subnormal numbers included.

    Raises
    ------
    UnavailableError
        Where long doubles have no more digits than float64, or mpmath is not installed.

    Notes
    -----
    All points are compared with long doubles of 64 bits: their functions err by less than two units
    of their last place, which is a thousandth of one of float64. The worst thousand are then
    compared with 50 digits of mpmath, and that is what is returned.
    """
    if np.finfo(LONG).nmant < 63:
        raise UnavailableError("long doubles of this machine have no more digits than float64")
    u = points(sigma, dtype, count)
    before = _core.active_target()
    try:
        return max(_on_target(target, sigma, u) for target in _core.targets())
    finally:
        _core.set_target(before)


def _on_target(target: str, sigma: str, u: Array) -> float:
    _core.set_target(target)
    y = _core.activate(_core.SIGMAS.index(sigma), u, 1)
    exact = reference(sigma, u)
    errors = np.abs(y.astype(LONG) - exact) / _unit(exact, u.dtype)
    if not np.isfinite(errors).all():
        return float("inf")  # NaN or infinity where there should be a number
    worst = np.argsort(errors)[-CHECKED:]
    return max(_exact_error(sigma, float(u[i]), float(y[i]), u.dtype) for i in worst)


def points(sigma: str, dtype: Any, count: int) -> Array:
    """Spread points over the whole range, near 0, and where the reduction of arguments jumps.

    Parameters
    ----------
    sigma : str
        Name of the activation.
    dtype : type
        numpy.float32 or numpy.float64.
    count : int
        How many.

    Returns
    -------
    ndarray, shape (count,)
    """
    rng = np.random.default_rng(7)
    low, high = RANGES[sigma][np.dtype(dtype).name]
    part = count // 5
    smallest = -300 if dtype is np.float64 else -37
    edges = _edges(sigma, high, rng, part) * (
        1 + rng.normal(size=part) * 10 ** rng.uniform(-16, -3, part)
    )
    signs = rng.choice([-1, 1], (2, part))
    parts = [
        edges,
        signs[0] * 10 ** rng.uniform(smallest, 0, part),
        signs[1] * 10 ** rng.uniform(-8, 1, part),
        rng.uniform(-4, 4, part),
        rng.uniform(low, high, count - 4 * part),
    ]
    spread: Array = np.clip(np.concatenate(parts), low, high).astype(dtype)
    return spread


def _edges(sigma: str, high: float, rng: np.random.Generator, count: int) -> Array:
    """Odd multiples of half the period of the reduction: ln 2 of exponentials, pi/2 of the sine."""
    period = {"sin": math.pi / 2, "tanh": math.log(2) / 2}.get(sigma, math.log(2))
    most = int((high**2 if sigma == "gauss" else high) / period)
    multiples = (2 * rng.integers(-most, most, count) + 1) * period / 2
    result: Array = np.sqrt(np.abs(multiples)) if sigma == "gauss" else multiples
    return result


def reference(sigma: str, u: Array) -> Array:
    """Evaluate an activation in long doubles.

    Parameters
    ----------
    sigma : str
        Its name.
    u : ndarray
        Of float32 or float64.

    Returns
    -------
    ndarray
    """
    v: Array = u.astype(LONG)
    with np.errstate(under="ignore"):
        if sigma == "gauss":
            # a square has twice the digits: exact upper half, and the rest
            upper = np.float64(2**27 + 1) * u.astype(np.float64)
            upper = (upper - (upper - u)).astype(LONG)
            return np.exp(-upper * upper) * np.exp(-(v - upper) * (v + upper))
        decay = np.exp(-np.abs(v))
        functions: dict[str, Callable[[], Array]] = {
            "exp": lambda: np.exp(v),
            "logistic": lambda: np.where(v < 0, decay, LONG(1)) / (1 + decay),
            "tanh": lambda: np.tanh(v),
            "softplus": lambda: np.maximum(v, 0) + np.log1p(decay),
            "sin": lambda: np.sin(v),
        }
        return functions[sigma]()


def _unit(exact: Array, dtype: np.dtype[Any]) -> Array:
    """Return the distance of neighbouring numbers of a type, where `exact` lies."""
    kind = np.finfo(dtype)
    exponents = np.maximum(np.frexp(np.abs(exact))[1] - 1, int(kind.minexp))
    unit: Array = np.ldexp(LONG(1), exponents - int(kind.nmant))
    return unit


def _exact_error(sigma: str, u: float, y: float, dtype: np.dtype[Any]) -> float:
    """Do the same for one number, with 50 digits."""
    try:
        mp: Any = importlib.import_module("mpmath")
    except ImportError:
        raise UnavailableError("mpmath: not installed (pip install mpmath)") from None
    with mp.workdps(50):
        v = mp.mpf(u)
        decay = mp.exp(-abs(v))
        exact = {
            "exp": lambda: mp.exp(v),
            "logistic": lambda: (decay if v < 0 else mp.mpf(1)) / (1 + decay),
            "tanh": lambda: mp.tanh(v),
            "softplus": lambda: max(v, 0) + mp.log1p(decay),
            "sin": lambda: mp.sin(v),
            "gauss": lambda: mp.exp(-v * v),
        }[sigma]()
        kind = np.finfo(dtype)
        exponent = max(mp.frexp(abs(exact))[1] - 1, int(kind.minexp)) if exact else int(kind.minexp)
        return float(abs(mp.mpf(y) - exact) / mp.ldexp(1, exponent - int(kind.nmant)))
