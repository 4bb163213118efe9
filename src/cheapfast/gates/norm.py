"""The factor between the sum over signs and the gate, in a range that no n leaves."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.sigma import Sigma


def divisor(sigma: Sigma, n: int, scale: float, bias: float) -> Decimal:
    r"""Return :math:`2^n n! \sigma_n \lambda^n`, by which eq. 28 divides the sum over signs.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.
    scale, bias : float
        Of the gate.

    Returns
    -------
    Decimal
    """
    with localcontext(arithmetic()):
        coefficient = sigma.coefficients(bias, n)[n]
        return Decimal(2) ** n * math.factorial(n) * coefficient * Decimal(scale) ** n


def to_float(value: Decimal, what: str = "the output") -> float:
    """Round to float64; OverflowError beyond its range.

    Parameters
    ----------
    value : Decimal
        Any finite number.
    what : str
        For the message.

    Returns
    -------
    float
    """
    result = float(value)
    if math.isinf(result):
        raise OverflowError(
            f"{what} is about {value:.1e}, beyond float64: divide x by a common factor"
        )
    return result


def product(factors: list[float]) -> Decimal:
    """Multiply numbers without over- or underflow.

    Parameters
    ----------
    factors : list of float
        Any finite numbers.

    Returns
    -------
    Decimal
    """
    with localcontext(arithmetic()):
        return math.prod([Decimal(value) for value in factors], start=Decimal(1))
