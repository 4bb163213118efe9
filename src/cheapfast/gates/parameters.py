"""The scale and the bias of a product gate, by an error model: truncation against rounding."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np

from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.sigma import Sigma

EPSILON = 2.0**-53
#: Biases looked at: beyond, every activation of the library is exponentially close to a line.
_LARGEST_BIAS = 6.0
_GRID = 121
#: Above so many factors coefficients are dear, and a few biases are enough.
_MANY = 40
#: Wider gates than this leave every series behind.
_WIDEST = 1.0
#: A coefficient this small beside what its neighbours let it be counts as 0.
_VANISHES = Decimal("1e-13")
#: A gate without rounding noise may be as narrow as this; narrower gains nothing.
_QUIET = 1e-16


@dataclass(frozen=True)
class Choice:
    """A bias, the scale for it, and what the model expects of inputs of unit size.

    Attributes
    ----------
    bias, scale : float
        As chosen; the scale is for factors of root mean square 1.
    truncation, rounding : float
        Relative errors that the model expects.
    """

    bias: float
    scale: float
    truncation: float
    rounding: float

    @property
    def error(self) -> float:
        """Both together."""
        return self.truncation + self.rounding


def vanishes(sigma: Sigma, n: int, bias: float) -> bool:
    """Say whether the n-th Taylor coefficient is 0 at a bias, to working accuracy.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors of the product.
    bias : float
        Where.

    Returns
    -------
    bool
    """
    with localcontext(arithmetic()):
        known = sigma.coefficients(bias, n + 1)
        radius = sigma.radius(bias)
        step = Decimal(radius if 0 < radius < math.inf else 1.0)
        before = abs(known[n - 1]) / step if n > 0 else Decimal(0)
        return abs(known[n]) <= _VANISHES * max(before, abs(known[n + 1]) * step)


def model(sigma: Sigma, n: int, bias: float, epsilon: float) -> Choice | None:
    r"""Return the best scale for one bias, None where the gate needs another one.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors, each of size 1.
    bias : float
        The bias.
    epsilon : float
        Relative rounding error of one neuron; 0 for methods that do not sum neurons.

    Returns
    -------
    Choice or None

    Notes
    -----
    :math:`E = A \lambda^2 + A' \lambda^4 + A'' \lambda^6 + B \lambda^{-n}`, the A from the next
    Taylor coefficients, and :math:`B = \epsilon 2^{-n/2} |\sigma| / |\sigma^{(n)}(b)|`; for odd n
    the rounding of the argument, :math:`|b \sigma'(b)|`, is added, since it cancels between s and
    -s only for even n.
    """
    if vanishes(sigma, n, bias):
        return None
    logs = np.linspace(math.log(1e-9), math.log(_WIDEST), 2000)
    squares = np.exp(2 * logs)
    with localcontext(arithmetic()):
        known = sigma.coefficients(bias, n + 6)
        terms = [float(math.perm(n + k, k) * abs(known[n + k] / known[n])) for k in (2, 4, 6)]
        log_derivative = float((abs(known[n]) * math.factorial(n)).ln())
        size = float(abs(known[0]) + (abs(Decimal(bias) * known[1]) if n % 2 else 0))
        slope = float(abs(known[1])) * math.sqrt(n)
    # the mean of (x . v)^k over k!, all |x_i| = 1; the sixth as if normal
    moments = (n / 6, (n * n / 3 - 2 * n / 15) / 24, n**3 / 1296)
    truncation = np.zeros_like(squares)
    for k, (term, moment) in enumerate(zip(terms, moments, strict=True), start=1):
        truncation += term * moment * squares**k
    if epsilon == 0:
        inside = np.flatnonzero(truncation <= _QUIET)
        best = int(inside[-1]) if inside.size else 0
        return Choice(bias, math.exp(logs[best]), float(truncation[best]), 0.0)
    noise = np.log(size + slope * np.exp(logs)) + math.log(epsilon) - log_derivative
    exponent = noise - n / 2 * math.log(2) - n * logs
    rounding = np.exp(np.minimum(exponent, 600.0))
    best = int(np.argmin(truncation + rounding))
    return Choice(bias, math.exp(logs[best]), float(truncation[best]), float(rounding[best]))


@functools.lru_cache(maxsize=512)
def _choose(sigma: Sigma, n: int, epsilon: float) -> Choice | None:
    candidates = _candidates(sigma, n)
    found = [choice for bias in candidates if (choice := model(sigma, n, bias, epsilon))]
    usable = [choice for choice in found if math.isfinite(choice.error)]
    if epsilon == 0:  # all are as accurate: the widest gate, which is the easiest to evaluate
        return max(usable, key=lambda choice: (choice.scale, -abs(choice.bias)), default=None)
    return min(usable, key=lambda choice: (choice.error, abs(choice.bias)), default=None)


def _candidates(sigma: Sigma, n: int) -> list[float]:
    """Return biases to compare: a grid with the roots of derivative n + 2, fewer for large n."""
    if n <= _MANY:
        grid = [float(bias) for bias in np.linspace(-_LARGEST_BIAS, _LARGEST_BIAS, _GRID)]
        return grid + _roots(sigma, n + 2, grid)
    # high derivatives swing with the phase of (b + i R)^-(n+1): next to 0, one extremum is near
    radius = sigma.radius(0.0)
    step = radius if 0 < radius < math.inf else 1.0
    turns = [math.tan(math.pi * j / (2 * (n + 1))) for j in (1, 2)]
    return [0.0, *(sign * step * turn for turn in turns for sign in (-1, 1))]


def _roots(sigma: Sigma, order: int, points: list[float]) -> list[float]:
    """Find where a Taylor coefficient changes its sign between neighbouring points."""

    def value(bias: float) -> Decimal:
        return sigma.coefficients(bias, order)[order]

    values = [value(point) for point in points]
    roots = []
    for i in range(len(points) - 1):
        if values[i] * values[i + 1] < 0:
            low, high, sign = points[i], points[i + 1], values[i] > 0
            for _ in range(60):
                middle = (low + high) / 2
                if middle in (low, high):
                    break
                low, high = (middle, high) if (value(middle) > 0) == sign else (low, middle)
            roots.append(low)
    return roots


def root_biases(sigma: Sigma, order: int) -> list[float]:
    """Return where a derivative vanishes, between -6 and 6.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    order : int
        Of the derivative; 0 is the function.

    Returns
    -------
    list of float
        Points of a grid, and changes of sign between them.
    """
    grid = [round(float(bias), 12) for bias in np.linspace(-_LARGEST_BIAS, _LARGEST_BIAS, _GRID)]
    exact = [bias for bias in grid if vanishes(sigma, order, bias)]
    return exact + _roots(sigma, order, grid)


def best_bias(sigma: Sigma, n: int) -> float | None:
    """Return a bias that serves n factors, for messages.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.

    Returns
    -------
    float or None
        None if the error model finds none.
    """
    choice = choose(sigma, n, EPSILON)
    return None if choice is None else choice.bias


def choose(sigma: Sigma, n: int, epsilon: float) -> Choice | None:
    """Return the bias and the scale of least error for n factors of size 1.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.
    epsilon : float
        Relative rounding error of one neuron; 0 for methods that do not sum neurons.

    Returns
    -------
    Choice or None
        None if no bias will do.
    """
    return _choose(sigma, n, epsilon)
