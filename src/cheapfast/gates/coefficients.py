"""Taylor coefficients of the activations at any point, to any order, in decimal arithmetic.

Sums over signs cancel almost all of an activation's digits, and orders beyond 1000 leave the range
of float64: so coefficients are `decimal.Decimal` numbers, computed by recurrences.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

#: Digits carried: the recurrences lose a few.
DIGITS = 60
_CONTEXT = Context(prec=DIGITS, Emin=-(10**9), Emax=10**9)
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")

Coefficients = tuple[Decimal, ...]


def arithmetic() -> Context:
    """Return the context that coefficients are computed in.

    Returns
    -------
    decimal.Context
        For ``with decimal.localcontext(arithmetic()):``.
    """
    return _CONTEXT.copy()


def logistic(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of 1 / (1 + e^-u), from y' = y - y^2.

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
        Coefficients 0 to `order`: derivatives over factorials.
    """
    # 1 / (1 + e^-b) and 1 - that, each without cancellation
    decay = (-abs(bias)).exp()
    large, small = 1 / (1 + decay), decay / (1 + decay)
    value = large if bias >= 0 else small
    series = [value, large * small]
    for k in range(1, order):
        pairs = sum((series[i] * series[k - i] for i in range(1, (k + 1) // 2)), Decimal(0)) * 2
        if k % 2 == 0:
            pairs += series[k // 2] ** 2
        # y - y^2 in powers: (1 - 2 y_0) y_k less the pairs without y_0
        series.append(
            ((small - large if bias >= 0 else large - small) * series[k] - pairs) / (k + 1)
        )
    return tuple(series[: order + 1])


def tanh(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of tanh(u) = 2 logistic(2u) - 1.

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    inner = logistic(2 * bias, order)
    decay = (-2 * abs(bias)).exp()
    value = ((1 - decay) / (1 + decay)).copy_sign(bias)
    return (value, *(c * 2 ** (k + 1) for k, c in enumerate(inner) if k > 0))


def softplus(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of ln(1 + e^u), the integral of the logistic.

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    value = max(bias, Decimal(0)) + (1 + (-abs(bias)).exp()).ln()
    return (value, *(c / (k + 1) for k, c in enumerate(logistic(bias, order)[:order])))


def exponential(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of e^u.

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    series = [bias.exp()]
    for k in range(1, order + 1):
        series.append(series[-1] / k)
    return tuple(series)


def sine(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of sin(u).

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    angle = bias.remainder_near(2 * _PI)
    sums, term, k = [Decimal(0), Decimal(0)], Decimal(1), 0
    while abs(term) > Decimal(10) ** -(DIGITS + 5) or k < 8:
        sums[k % 2] += -term if k % 4 >= 2 else term
        k += 1
        term = term * angle / k
    cos, sin = sums
    cycle, factor, series = (sin, cos, -sin, -cos), Decimal(1), []
    for k in range(order + 1):
        factor = factor / k if k else factor
        series.append(cycle[k % 4] * factor)
    return tuple(series)


def cosine(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of cos(u), the derivative of sin(u).

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    return tuple(c * (k + 1) for k, c in enumerate(sine(bias, order + 1)[1:]))


def gauss(bias: Decimal, order: int) -> Coefficients:
    """Return the coefficients of e^(-u^2), from y' = -2 u y.

    Parameters
    ----------
    bias : Decimal
        Where.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
    """
    series = [(-bias * bias).exp()]
    for k in range(order):
        before = series[k - 1] if k else Decimal(0)
        series.append(-2 * (bias * series[k] + before) / (k + 1))
    return tuple(series)


_SERIES: dict[str, Callable[[Decimal, int], Coefficients]] = {
    "cos": cosine,
    "exp": exponential,
    "gauss": gauss,
    "logistic": logistic,
    "sin": sine,
    "softplus": softplus,
    "tanh": tanh,
}


@functools.lru_cache(maxsize=256)
def _cached(name: str, bias: float, order: int) -> Coefficients:
    with localcontext(arithmetic()):
        return _SERIES[name](Decimal(bias), order)


def taylor(name: str, bias: float, order: int) -> Coefficients:
    """Return the Taylor coefficients of an activation of this package.

    Parameters
    ----------
    name : str
        "cos", "exp", "gauss", "logistic", "sin", "softplus" or "tanh".
    bias : float
        Where; taken exactly.
    order : int
        The last one.

    Returns
    -------
    tuple of Decimal
        Coefficients 0 to `order`, derivatives over factorials, to about 50 digits of what the
        nearest singularity lets them be.

    Examples
    --------
    >>> [float(c) for c in taylor("logistic", 0.0, 3)]
    [0.5, 0.25, 0.0, -0.020833333333333332]
    """
    rounded = 16 * math.ceil((order + 1) / 16)  # one computation for neighbouring orders
    return _cached(name, bias, rounded)[: order + 1]


def pi() -> Decimal:
    """Return pi to 80 digits.

    Returns
    -------
    Decimal
    """
    return _PI
