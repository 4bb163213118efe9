"""How far the flat product gate is from the product, proven."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.sigma import Sigma

#: Orders of the Taylor expansion that bounds a derivative near the bias.
_TERMS = 24
#: Room for the rounding of the bound itself.
_SLACK = Decimal("1.000000001")


def relative_bound(
    sigma: Sigma, x: npt.NDArray[np.float64], scale: float, bias: float
) -> float | None:
    r"""Bound :math:`|P / \prod x - 1|` for one input.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    x : ndarray, shape (n,)
        The factors.
    scale, bias : float
        Of the gate.

    Returns
    -------
    float or None
        None where the activation has no n + 2 derivatives with known bounds.

    Notes
    -----
    With v uniform on :math:`[-1, 1]^n`, :math:`P / \prod x` is the mean of
    :math:`\sigma^{(n)}(b + \lambda x \cdot v) / \sigma^{(n)}(b)`. Expanded to second order, and
    with two more derivatives to fourth; the smaller of the two bounds is returned.
    """
    n = len(x)
    with localcontext(arithmetic()):
        reach = Decimal(scale) * sum((Decimal(float(abs(value))) for value in x), Decimal(0))
        squares = [Decimal(float(value)) ** 2 * Decimal(scale) ** 2 for value in x]
        second = sum(squares, Decimal(0))
        fourth = sum((square**2 for square in squares), Decimal(0))
        known = sigma.coefficients(bias, n + 4)
        centre = abs(known[n])
        bounds = []
        worst = _supremum(sigma, n + 2, bias, reach)
        if worst is not None:
            bounds.append(_falling(n, 2) * second * worst / (6 * centre))
        worst = _supremum(sigma, n + 4, bias, reach)
        if worst is not None:
            moment = second**2 / 3 - 2 * fourth / 15  # mean of (lambda x . v)^4
            linear = _falling(n, 2) * second * abs(known[n + 2]) / (6 * centre)
            bounds.append(linear + _falling(n, 4) * moment * worst / (24 * centre))
        return float(min(bounds) * _SLACK) if bounds else None


def _falling(n: int, more: int) -> int:
    """Return (n + more)! / n!."""
    return math.perm(n + more, more)


def _supremum(sigma: Sigma, order: int, bias: float, reach: Decimal) -> Decimal | None:
    """Bound |coefficient `order`| within `reach` of the bias: at once, or by a Taylor expansion."""
    low, high = bias - float(reach) * (1 + 1e-12), bias + float(reach) * (1 + 1e-12)
    simple = sigma.supremum(order, low, high)
    last = sigma.supremum(order + _TERMS, low, high)
    if simple is None or last is None:
        return simple
    near = sigma.coefficients(bias, order + _TERMS)
    local = Decimal(math.comb(order + _TERMS, _TERMS)) * last * reach**_TERMS
    for k in range(_TERMS):
        local += abs(near[order + k]) * math.comb(order + k, k) * reach**k
    return min(simple, local)
