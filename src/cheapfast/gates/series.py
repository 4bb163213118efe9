"""The gate by its Taylor series: for analytic activations, within their radius of convergence."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.sigma import Sigma

Vector = npt.NDArray[np.float64]

#: Terms beyond which convergence is called too slow.
MOST_TERMS = 400
#: Truncation of the series, relative.
_TAIL = 1e-18
_EPSILON = 2.0**-53
#: What is left of the activation's own digits after automatic differentiation in float64.
_GIVEN_EPSILON = 1e-13


class Divergent(ValueError):
    """The series does not converge fast enough."""


def ratio(sigma: Sigma, x: Vector, scale: float, bias: float) -> tuple[float, float]:
    r"""Return :math:`P / \prod x` and an estimate of its error.

    Parameters
    ----------
    sigma : Sigma
        An analytic activation.
    x : ndarray, shape (n,)
        The factors.
    scale, bias : float
        Of the gate.

    Returns
    -------
    value, error : float

    Raises
    ------
    Divergent
        If scale * sum |x| reaches the nearest singularity, or comes so close that the series would
        take more than `MOST_TERMS` terms.

    Notes
    -----
    :math:`P / \prod x = \sum_j \frac{(n+2j)!\,\sigma_{n+2j}}{n!\,\sigma_n} \lambda^{2j} q_j` with
    :math:`\prod_i \sinh(x_i t) / (x_i t) = \sum_j q_j t^{2j}`, all :math:`q_j > 0`.
    O(n K^2) operations for K terms.
    """
    n = len(x)
    squares = (scale * x) ** 2
    variance = float(squares.sum()) / 3
    terms = _term_count(sigma, n, scale * float(np.abs(x).sum()), variance, bias)
    # powers of t^2 in units that keep all q_j within float64
    unit = max(variance * math.e / (2 * max(terms, 1)), 1e-300)
    weights = _weights(sigma, n, bias, terms, unit)
    with np.errstate(over="ignore"):
        q = _moments(squares / unit, terms)
    if not (np.isfinite(weights).all() and np.isfinite(q).all()):
        raise _too_many(sigma)
    products = weights * q
    value = math.fsum(products)
    loss = float(np.abs(products).sum())
    relative = _EPSILON * (4 + 2 * math.sqrt(n))
    if sigma.kernel is None:
        relative += _GIVEN_EPSILON
    tail = float(abs(products[-1])) if terms > 1 else 0.0
    return value, relative * loss + tail


def _term_count(sigma: Sigma, n: int, reach: float, variance: float, bias: float) -> int:
    """Find how many terms are worth adding, by a bound of their size.

    The mean of (x . v)^2j is at most reach^2j, and at most that of a normal distribution: term by
    term of the multinomial expansion, E v^2j = 1 / (2j + 1) <= (2j - 1)!! / 3^j.
    """
    radius = sigma.radius(bias)
    if sigma.kernel is None:
        radius = _estimated_radius(sigma, n, bias)
    if reach >= radius:
        raise Divergent(
            f"method='series' needs scale * sum|x| below {radius:.4g}, the distance of bias="
            f"{bias:.4g} to the nearest singularity of {sigma.name}; got {reach:.4g}: use "
            "method='sinc' or 'direct', or a smaller scale"
        )
    log_reach, log_variance = math.log(max(reach, 1e-300)), math.log(max(variance, 1e-300))
    for j in range(1, MOST_TERMS + 1):
        double_factorial = math.lgamma(2 * j + 1) - math.lgamma(j + 1) - j * math.log(2)
        moment = min(2 * j * log_reach, double_factorial + j * log_variance)
        if moment + _log_growth(sigma, n, 2 * j, radius) < math.log(_TAIL):
            return j + 1
    raise _too_many(sigma)


def _log_growth(sigma: Sigma, n: int, more: int, radius: float) -> float:
    """Return the logarithm of sigma^(n + more) / (sigma^(n) more!), of what it is at most about."""
    if math.isfinite(radius):
        choose = math.lgamma(n + more + 1) - math.lgamma(n + 1) - math.lgamma(more + 1)
        return choose - more * math.log(radius)
    growth = -math.lgamma(more + 1)
    if sigma.name == "gauss":
        growth += math.lgamma((n + more + 1) / 2) - math.lgamma((n + 1) / 2) + more * math.log(2)
    return growth


def _too_many(sigma: Sigma) -> Divergent:
    return Divergent(
        f"method='series' needs more than {MOST_TERMS} terms for {sigma.name} with this scale: use "
        "method='sinc' or 'direct', or a smaller scale"
    )


def _estimated_radius(sigma: Sigma, n: int, bias: float) -> float:
    """Estimate the radius of convergence of a user's function from its coefficients, cautiously."""
    known = sigma.coefficients(bias, n + 2 * 24)
    sizes = [(k, abs(value)) for k, value in enumerate(known) if k > n and value]
    if not sizes:
        return math.inf
    with localcontext(arithmetic()):
        roots = [float((value.ln() / k).exp()) for k, value in sizes]
    return 0.9 / max(roots)


def _weights(sigma: Sigma, n: int, bias: float, terms: int, unit: float) -> Vector:
    """Return (n + 2j)! sigma_{n+2j} / (n! sigma_n) unit^j."""
    known = sigma.coefficients(bias, n + 2 * terms - 2)
    with localcontext(arithmetic()):
        step, factor, weights = Decimal(unit), 1 / known[n], []
        for j in range(terms):
            weights.append(float(known[n + 2 * j] * factor))
            factor *= step * (n + 2 * j + 1) * (n + 2 * j + 2)
    return np.array(weights)


def _moments(squares: Vector, terms: int) -> Vector:
    """Multiply the series sinh(sqrt(z s)) / sqrt(z s) in powers of z, one factor at a time."""
    orders = np.arange(1, terms)
    inverse = 1.0 / ((2 * orders) * (2 * orders + 1))
    total = np.zeros(terms)
    total[0] = 1.0
    for square in squares:
        factor = np.concatenate([[1.0], np.cumprod(inverse * square)])
        total = np.convolve(total, factor)[:terms]
    return total
