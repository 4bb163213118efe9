"""The gate neuron by neuron: 2^n terms, in float32, float64 or double-double."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.given import Given
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.sigma import Sigma

Vector = npt.NDArray[np.float64]
Progress = Callable[[int, int], None] | None

MOST = 40
PRECISIONS = ("float32", "float64", "dd")
#: Unit roundoff of one neuron.
EPSILON = {"float32": 2.0**-24, "float64": 2.0**-53, "dd": 2.0**-100}
#: How many times the expected error is promised. Errors of neurons are all but independent, so ten
#: thousand draws stay well within.
_SAFETY = 4.0
#: Lattices larger than this are as good as none.
_LARGEST_LATTICE = 1 << 16
#: Signs in the table that a function of the user's is called with.
_TABLE_SIGNS = 15


def sign_sum(
    sigma: Sigma,
    x: Vector,
    scale: float,
    bias: float,
    precision: str,
    threads: int,
    progress: Progress,
) -> tuple[Decimal, Decimal]:
    """Sum sigma(bias + scale s . x) over all signs s, each times the product of its signs.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    x : ndarray, shape (n,)
        The factors, 1 <= n <= 40.
    scale, bias : float
        Of the gate.
    precision : str
        "float32", "float64" or "dd".
    threads : int
        Threads of the compiled sums.
    progress : callable or None
        Called as progress(done, total).

    Returns
    -------
    total, error : Decimal
        The sum, and an estimate of its rounding error.
    """
    # odd in each factor; ascending, so that the table of exponentials spans as little as it can
    order = np.argsort(np.abs(x), kind="stable")
    steps = np.ascontiguousarray(scale * np.abs(x[order]))
    reach = float(steps.sum())
    offset = -reach if sigma.name == "exp" else bias  # e^u is summed where it is at most 1
    if precision == "dd":
        total = _sum_double(sigma, np.abs(x[order]), scale, offset, threads, progress)
    else:
        total = Decimal(_sum(sigma, steps, offset, precision, threads, progress))
    if np.count_nonzero(x < 0) % 2:
        total = -total
    error = Decimal(_rounding(sigma, x, steps, offset, EPSILON[precision]))
    with localcontext(arithmetic()):
        back = (Decimal(bias) - Decimal(offset)).exp()
        return total * back, error * back


def _sum(
    sigma: Sigma, steps: Vector, bias: float, precision: str, threads: int, progress: Progress
) -> float:
    """Sum in float32 or float64."""
    if sigma.kernel is not None:
        single = precision == "float32"
        return math.fsum(
            float(weight)
            * _core.sign_sum(
                *(sigma.kernel, single, steps, float(Fraction(bias) + shift)),
                *(sigma.degree, threads, progress),
            )
            for weight, shift in sigma.terms
        )
    assert isinstance(sigma, Given)
    if precision != "float64":
        raise ValueError(f"precision must be 'float64' for a function of yours, got {precision!r}")
    if sigma.compiled is not None:
        return _core.sign_sum_function(sigma.compiled, steps, bias, threads, progress)
    return _sum_of_calls(sigma, steps, bias, progress)


def _sum_of_calls(sigma: Sigma, steps: Vector, bias: float, progress: Progress) -> float:
    """Call a function of the user's with a table of arguments at a time."""
    low, high = steps[:_TABLE_SIGNS], steps[_TABLE_SIGNS:]
    sums, signs = np.zeros(1), np.ones(1)
    for step in low:
        sums = np.concatenate([sums + step, sums - step])
        signs = np.concatenate([signs, -signs])
    plus, minus = sums[signs > 0], sums[signs < 0]
    # the k-th of each differ in the first sign alone, up to the order of the others
    totals = []
    for k in range(1 << len(high)):
        flips = np.array([1.0 - 2.0 * (k >> i & 1) for i in range(len(high))])
        middle = bias + float(flips @ high)
        difference = sigma.values(plus + middle) - sigma.values(minus + middle)
        totals.append(float(flips.prod()) * float(difference.sum()))
        if progress is not None:
            progress(k + 1, 1 << len(high))
    return math.fsum(totals)


def _sum_double(
    sigma: Sigma, x: Vector, scale: float, bias: float, threads: int, progress: Progress
) -> Decimal:
    """Sum in double-double, with the products scale x unrounded."""
    if sigma.kernel is None:
        raise ValueError("precision='dd' is for the activations of the library, not for a function")
    exact = [Fraction(float(value)) * Fraction(scale) for value in x]
    high = np.array([float(value) for value in exact])
    low = np.array(
        [float(value - Fraction(float(h))) for value, h in zip(exact, high, strict=True)]
    )
    total = Fraction(0)
    for weight, shift in sigma.terms:
        centre = Fraction(bias) + shift
        parts = (float(centre), float(centre - Fraction(float(centre))))
        sums = _core.sign_sum_double(
            sigma.kernel, high, low, parts, sigma.degree, threads, progress
        )
        total += weight * (Fraction(sums[0]) + Fraction(sums[1]))
    with localcontext(arithmetic()):
        return Decimal(total.numerator) / Decimal(total.denominator)


def _rounding(sigma: Sigma, x: Vector, steps: Vector, bias: float, epsilon: float) -> float:
    """Estimate the rounding error of a sum: of values and of arguments, as if independent."""
    reach = float(steps.sum())
    if isinstance(sigma, Piecewise) and sigma.degree == 0:
        return float(near_threshold(steps, bias, 4 * epsilon * (abs(bias) + reach)))
    if isinstance(sigma, Piecewise):
        one = sum(
            abs(float(weight)) * _one_power(bias + float(shift), reach, sigma.degree, epsilon)
            for weight, shift in sigma.terms
        )
    else:
        values, slopes = _sampled(sigma.values, bias, reach)
        furthest = max(abs(bias + float(shift)) for _, shift in sigma.terms)
        one = epsilon * (values + (max(abs(bias), furthest) + reach) * slopes)
    return _SAFETY * math.sqrt(repetitions(x)) * one


def _one_power(bias: float, reach: float, degree: int, epsilon: float) -> float:
    """Estimate the rounding error of one power of relu: largest at the right end of arguments."""
    size = abs(bias) + reach
    top = max(0.0, bias + reach + 4 * epsilon * size)  # rounding may move the end
    slope = degree * top ** (degree - 1) if top else 0.0
    return epsilon * (top**degree + size * slope)


def _sampled(values: Callable[[Vector], Any], bias: float, reach: float) -> tuple[float, float]:
    """Return the largest value and slope on the arguments' interval, from samples."""
    u = np.linspace(bias - reach, bias + reach, 513)
    y = np.asarray(values(u), dtype=np.float64)
    width = float(u[1] - u[0])
    slopes = np.abs(np.diff(y)) / width if width > 0 else np.zeros(1)
    return float(np.abs(y).max()), 1.5 * float(slopes.max())


def repetitions(x: Vector) -> float:
    r"""Return :math:`\sum_u m_u^2`, m_u the signed number of neurons with the argument u.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The factors.

    Returns
    -------
    float
        At least 2^n. Neurons with one argument have one rounding error, which is multiplied.

    Notes
    -----
    Exact where the factors are multiples of one number, and small ones; otherwise equal factors
    alone are considered, each group of g of which contributes binomial(2g, g).
    """
    multiples = _lattice(np.abs(x))
    if multiples is not None:
        counts = np.ones(1)
        for step in multiples:
            counts = np.concatenate([counts, np.zeros(2 * step)]) - np.concatenate(
                [np.zeros(2 * step), counts]
            )
        return max(float(counts @ counts), 2.0 ** len(x))
    _, sizes = np.unique(np.abs(x), return_counts=True)
    return float(math.prod([math.comb(2 * int(size), int(size)) for size in sizes]))


def _lattice(x: Vector) -> list[int] | None:
    """Return the factors as multiples of their greatest common divisor, if these are small."""
    exact = [Fraction(float(value)) for value in x]
    denominator = max([value.denominator for value in exact])  # powers of two
    numerators = [int(value * denominator) for value in exact]
    divisor = math.gcd(*numerators)
    if divisor == 0 or sum(numerators) // divisor > _LARGEST_LATTICE:
        return None
    return [numerator // divisor for numerator in numerators]


def near_threshold(steps: Vector, bias: float, distance: float) -> int:
    """Count the neurons whose argument is closer to 0 than a distance.

    Parameters
    ----------
    steps : ndarray, shape (n,)
        Scaled factors.
    bias : float
        The bias.
    distance : float
        How close.

    Returns
    -------
    int
        Found from the sorted sums of the two halves.
    """
    first, second = np.sort(half_sums(steps[::2])) + bias, np.sort(half_sums(steps[1::2]))
    low = np.searchsorted(second, -first - distance, side="left")
    high = np.searchsorted(second, -first + distance, side="right")
    return int((high - low).sum())


def half_sums(steps: Vector) -> Vector:
    """Return s . steps for all signs s.

    Parameters
    ----------
    steps : ndarray, shape (h,)
        Scaled factors.

    Returns
    -------
    ndarray, shape (2**h,)
    """
    sums = np.zeros(1)
    for step in steps:
        sums = np.concatenate([sums + step, sums - step])
    return sums
