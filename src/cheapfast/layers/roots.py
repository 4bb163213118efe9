"""Roots of unity, right to about half a unit in the last place, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# pi / 4 as the sum of two doubles
_QUARTER_PI_HIGH = 0.7853981633974483
_QUARTER_PI_LOW = 3.061616997868383e-17
_SPLITTER = 134217729.0  # 2**27 + 1

_CHUNK = 1 << 14  # some twenty temporary arrays then stay in the cache

# Minimax polynomials on [-pi/4, pi/4], constants of fdlibm (Sun Microsystems, k_sin.c and k_cos.c)
_SINE = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
)
_SINE_FIRST = -1.66666666666666324348e-01
_COSINE = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)


def roots_of_unity(
    numerators: npt.NDArray[np.int64], period: int, sign: int = 1
) -> npt.NDArray[np.complex128]:
    """Return exp(sign * 2 pi i * numerators / period).

    Parameters
    ----------
    numerators : numpy.ndarray
        int64, any shape, 0 <= numerators < period.
    period : int
        At least 1, below 2**60.
    sign : int
        +1 or -1.

    Returns
    -------
    numpy.ndarray
        complex128, the same shape.

    Notes
    -----
    The angle is reduced to the first octant in integers, which is exact. There it is the sum of two
    doubles, and the polynomials of fdlibm take both.

    Examples
    --------
    >>> roots_of_unity(np.arange(4), 4)
    array([ 1.+0.j,  0.+1.j, -1.+0.j,  0.-1.j])
    """
    roots = np.empty(numerators.shape, dtype=np.complex128)
    flat, source = roots.reshape(-1), numerators.reshape(-1)
    for first in range(0, flat.size, _CHUNK):
        part = slice(first, first + _CHUNK)
        flat[part] = _chunk_of_roots(source[part], period, sign)
    return roots


def _chunk_of_roots(
    numerators: npt.NDArray[np.int64], period: int, sign: int
) -> npt.NDArray[np.complex128]:
    """Reduce to the first octant, take sine and cosine there, and undo the reduction."""
    # In units of an eighth of the period: the full turn is 8 * period.
    eighths = 8 * numerators.astype(np.int64, copy=False)
    lower_half = eighths > 4 * period
    eighths = np.where(lower_half, 8 * period - eighths, eighths)
    left_half = eighths > 2 * period
    eighths = np.where(left_half, 4 * period - eighths, eighths)
    upper_octant = eighths > period
    eighths = np.where(upper_octant, 2 * period - eighths, eighths)

    sine, cosine = _first_octant(eighths, period)
    real = np.where(upper_octant, sine, cosine)
    imaginary = np.where(upper_octant, cosine, sine)
    roots = np.empty(numerators.shape, dtype=np.complex128)
    roots.real = np.where(left_half, -real, real)
    # 0 - x, not -x: no negative zeros
    roots.imag = np.where(lower_half == (sign > 0), 0.0 - imaginary, imaginary)
    return roots


def _first_octant(eighths: npt.NDArray[np.int64], period: int) -> tuple[FloatArray, FloatArray]:
    """Return sine and cosine of (pi / 4) * eighths / period, 0 <= eighths <= period."""
    high, low = _ratio(eighths, period)
    angle, error = _product(high, np.float64(_QUARTER_PI_HIGH))
    rest = error + (high * _QUARTER_PI_LOW + low * _QUARTER_PI_HIGH)
    return _sine(angle, rest), _cosine(angle, rest)


def _ratio(numerators: npt.NDArray[np.int64], period: int) -> tuple[FloatArray, FloatArray]:
    """Return numerators / period as the sum of two doubles."""
    dividend, dividend_rest = _two_doubles(numerators)
    divisor = np.float64(period)
    divisor_rest = float(period - int(divisor))
    high = dividend / divisor
    product, error = _product(high, divisor)
    remainder = ((dividend - product) - error) + (dividend_rest - high * divisor_rest)
    return high, remainder / divisor


def _two_doubles(integers: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return integers of up to 63 bits as the exact sum of two doubles."""
    high = integers.astype(np.float64)
    return high, (integers - high.astype(np.int64)).astype(np.float64)


def _product(x: FloatArray, y: FloatArray | np.float64) -> tuple[FloatArray, FloatArray]:
    """Return x * y rounded, and the rounding error (Dekker's product)."""
    product = x * y
    x_high, x_low = _halves(x)
    y_high, y_low = _halves(y)
    error = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low
    return product, error


def _halves(x: FloatArray | np.float64) -> tuple[Any, Any]:
    """Split doubles into two halves of 26 bits (Veltkamp)."""
    scaled = _SPLITTER * x
    high = scaled - (scaled - x)
    return high, x - high


def _polynomial(coefficients: tuple[float, ...], z: FloatArray) -> FloatArray:
    """Horner's rule, highest power first."""
    total = np.full_like(z, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= z
        total += coefficient
    return total


def _sine(x: FloatArray, rest: FloatArray) -> FloatArray:
    """Return sin(x + rest) for 0 <= x <= pi / 4 and a rest below half a last place of x.

    Near pi / 4 the roundings of x * x, of the cube and of the cubic term would add up to a quarter
    of a last place: they are carried along.
    """
    square, square_error = _product(x, x)
    cube, cube_error = _product(square, x)
    cubic, cubic_error = _product(cube, np.float64(_SINE_FIRST))
    cubic_error = cubic_error + (cube_error + square_error * x) * _SINE_FIRST
    tail = square * cube * _polynomial(_SINE, square) + rest * (1.0 - 0.5 * square)
    sine: FloatArray = x + (cubic + (tail + cubic_error))
    return sine


def _cosine(x: FloatArray, rest: FloatArray) -> FloatArray:
    """Return cos(x + rest), as `_sine`."""
    z, error = _product(x, x)  # the rounding of x * x would be a quarter of a last place
    half = 0.5 * z
    rounded = 1.0 - half
    series = z * _polynomial(_COSINE, z)
    correction = z * series - (x * rest + 0.5 * error)
    cosine: FloatArray = rounded + (((1.0 - rounded) - half) + correction)
    return cosine
