"""Automatic differentiation by Taylor arithmetic: functions are called with a power series."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]


class Jet:
    """A power series cut off after a fixed order, with which functions can be called.

    Arithmetic and the NumPy functions exp, expm1, log, log1p, sqrt, square, sin, cos, sinh, cosh,
    tanh, arctan, reciprocal and power (with a constant exponent) are understood.

    Parameters
    ----------
    coefficients : array_like
        Coefficients, the constant first.

    Examples
    --------
    >>> u = Jet([0.0, 1.0, 0.0, 0.0])
    >>> (1 / (1 + np.exp(-u))).coefficients
    array([ 0.5       ,  0.25      ,  0.        , -0.02083333])
    """

    def __init__(self, coefficients: npt.ArrayLike) -> None:
        self.coefficients: Series = np.asarray(coefficients, dtype=np.float64)

    def _constant(self, value: float) -> Jet:
        series = np.zeros_like(self.coefficients)
        series[0] = value
        return Jet(series)

    def _other(self, value: object) -> Jet | None:
        if isinstance(value, Jet):
            return value
        if isinstance(value, np.ndarray) and value.ndim == 0:
            return self._constant(float(value))
        return self._constant(float(value)) if isinstance(value, numbers.Real) else None

    def __add__(self, other: object) -> Jet:
        right = self._other(other)
        return NotImplemented if right is None else Jet(self.coefficients + right.coefficients)

    def __mul__(self, other: object) -> Jet:
        right = self._other(other)
        if right is None:
            return NotImplemented
        return Jet(np.convolve(self.coefficients, right.coefficients)[: len(self.coefficients)])

    def __truediv__(self, other: object) -> Jet:
        right = self._other(other)
        return NotImplemented if right is None else self * _reciprocal(right)

    def __pow__(self, exponent: object) -> Jet:
        if isinstance(exponent, numbers.Integral) and int(exponent) >= 0:
            result = self._constant(1.0)
            for _ in range(int(exponent)):
                result = result * self
            return result
        if isinstance(exponent, numbers.Real):
            return _power(self, float(exponent))
        return NotImplemented

    def __rtruediv__(self, other: object) -> Jet:
        left = self._other(other)
        return NotImplemented if left is None else left * _reciprocal(self)

    def __neg__(self) -> Jet:
        return Jet(-self.coefficients)

    def __pos__(self) -> Jet:
        return self

    def __sub__(self, other: object) -> Jet:
        right = self._other(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> Jet:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Jet:
        if method == "__call__" and not options and ufunc.__name__ in _FUNCTIONS:
            return _FUNCTIONS[ufunc.__name__](*(self._other(value) or value for value in inputs))
        return NotImplemented  # type: ignore[no-any-return]


def _integrated(start: float, slopes: Iterator[float], order: int) -> Series:
    """Return the series whose derivative has the given coefficients, one after the other."""
    series = np.empty(order + 1)
    series[0] = start
    for k in range(order):
        series[k + 1] = next(slopes) / (k + 1)
    return series


def _derivative(series: Series) -> Series:
    return series[1:] * np.arange(1, len(series))


def _ode(u: Jet, start: float, rule: Callable[[Series, Series, int], float]) -> Jet:
    """Solve y' = rule(y so far, u', k) coefficient by coefficient."""
    slope = _derivative(u.coefficients)
    series = np.zeros_like(u.coefficients)
    series[0] = start
    for k in range(len(slope)):
        series[k + 1] = rule(series, slope, k) / (k + 1)
    return Jet(series)


def _exp(u: Jet) -> Jet:
    return _ode(u, np.exp(u.coefficients[0]), lambda y, du, k: float(y[: k + 1] @ du[k::-1]))


def _expm1(u: Jet) -> Jet:
    result = _exp(u).coefficients.copy()
    result[0] = np.expm1(u.coefficients[0])
    return Jet(result)


def _reciprocal(u: Jet) -> Jet:
    a = u.coefficients
    if a[0] == 0:
        raise ZeroDivisionError("it divides by a series that begins with 0")
    series = np.zeros_like(a)
    series[0] = 1.0 / a[0]
    for k in range(1, len(a)):
        series[k] = -series[0] * (a[1 : k + 1] @ series[k - 1 :: -1])
    return Jet(series)


def _from_slope(start: float, slope: Jet, u: Jet) -> Jet:
    """Return the function with value `start` and derivative slope(u) u'."""
    product = np.convolve(slope.coefficients, _derivative(u.coefficients))
    return Jet(_integrated(start, iter(product.tolist()), len(u.coefficients) - 1))


def _log(u: Jet) -> Jet:
    return _from_slope(float(np.log(u.coefficients[0])), _reciprocal(u), u)


def _log1p(u: Jet) -> Jet:
    return _from_slope(float(np.log1p(u.coefficients[0])), _reciprocal(u + 1.0), u)


def _power(u: Jet, exponent: float) -> Jet:
    result = _exp(_log(u) * exponent).coefficients.copy()
    result[0] = u.coefficients[0] ** exponent
    return Jet(result)


def _pair(u: Jet, sign: float, first: float, second: float) -> tuple[Jet, Jet]:
    """Solve s' = c u', c' = sign s u' together: sine and cosine, or the hyperbolic ones."""
    slope = _derivative(u.coefficients)
    s, c = np.zeros_like(u.coefficients), np.zeros_like(u.coefficients)
    s[0], c[0] = first, second
    for k in range(len(slope)):
        s[k + 1] = (c[: k + 1] @ slope[k::-1]) / (k + 1)
        c[k + 1] = sign * (s[: k + 1] @ slope[k::-1]) / (k + 1)
    return Jet(s), Jet(c)


def _circular(u: Jet) -> tuple[Jet, Jet]:
    return _pair(u, -1.0, np.sin(u.coefficients[0]), np.cos(u.coefficients[0]))


def _hyperbolic(u: Jet) -> tuple[Jet, Jet]:
    return _pair(u, 1.0, np.sinh(u.coefficients[0]), np.cosh(u.coefficients[0]))


def _tanh(u: Jet) -> Jet:
    def rule(y: Series, du: Series, k: int) -> float:
        squares = np.convolve(y[: k + 1], y[: k + 1])[: k + 1]
        squares[0] -= 1.0
        return -float(squares @ du[k::-1])

    return _ode(u, np.tanh(u.coefficients[0]), rule)


_FUNCTIONS: dict[str, Callable[..., Jet]] = {
    "add": lambda a, b: a + b,
    "arctan": lambda u: _from_slope(np.arctan(u.coefficients[0]), _reciprocal(u * u + 1.0), u),
    "cos": lambda u: _circular(u)[1],
    "cosh": lambda u: _hyperbolic(u)[1],
    "divide": lambda a, b: a / b,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "multiply": lambda a, b: a * b,
    "negative": lambda u: -u,
    "positive": lambda u: u,
    "power": lambda u, e: u ** _constant_of(e),
    "reciprocal": _reciprocal,
    "sin": lambda u: _circular(u)[0],
    "sinh": lambda u: _hyperbolic(u)[0],
    "sqrt": lambda u: _power(u, 0.5),
    "square": lambda u: u * u,
    "subtract": lambda a, b: a - b,
    "tanh": _tanh,
}


def _constant_of(exponent: Any) -> Any:
    """Return a constant exponent as a number, an integer where it is one."""
    series = exponent.coefficients if isinstance(exponent, Jet) else np.array([exponent])
    if series[1:].any():
        raise TypeError("power of a power series: the exponent must be a constant")
    value = float(series[0])
    return int(value) if value.is_integer() else value


def expand(function: Callable[..., Any], bias: float, order: int) -> Series:
    """Return the Taylor coefficients of a function by calling it once with a power series.

    Parameters
    ----------
    function : callable
        Made of arithmetic and the NumPy functions that `Jet` knows.
    bias : float
        Where.
    order : int
        The last coefficient.

    Returns
    -------
    ndarray, shape (order + 1,)

    Raises
    ------
    TypeError
        If the function does something else; whatever it raises itself passes through.
    """
    start = np.zeros(order + 1)
    start[0] = bias
    if order > 0:
        start[1] = 1.0
    result = function(Jet(start))
    if not isinstance(result, Jet):
        raise TypeError(f"a power series came back as {type(result).__name__}")
    return result.coefficients
