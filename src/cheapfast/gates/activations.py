"""The activations of product gates: values, Taylor coefficients, bounds of derivatives, poles."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.gates import coefficients
from cheapfast.gates.given import Given
from cheapfast.gates.piecewise import HardSigmoid, Piecewise
from cheapfast.gates.sigma import Sigma
from cheapfast.layers import Activation

Array = npt.NDArray[Any]
SigmaLike = Any  # str, callable, scipy.LowLevelCallable or Sigma

SMOOTH = ("cos", "exp", "gauss", "logistic", "sin", "softplus", "tanh")
_PIECEWISE = re.compile(r"step|relu|repu([1-9]\d?)")
_BOUND_TERMS = 50


class Smooth(Sigma):
    """An analytic activation of the library."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kernel = _core.SIGMAS.index(name)

    def values(self, u: Array) -> Array:
        """Evaluate by the layer of the same name."""
        return self.layer().apply(np.reshape(u, (1, -1))).reshape(np.shape(u))

    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Compute coefficients in decimal arithmetic."""
        return coefficients.taylor(self.name, bias, order)

    def radius(self, bias: float) -> float:
        """Measure how far i pi (or i pi / 2) is."""
        if self.name in ("logistic", "softplus"):
            return math.hypot(bias, math.pi)
        return math.hypot(bias, math.pi / 2) if self.name == "tanh" else math.inf

    def supremum(self, order: int, low: float, high: float) -> Decimal | None:
        """Sum over the poles, or the Fourier integral: bounds in closed form."""
        if order < 1:
            return None
        with localcontext(coefficients.arithmetic()):
            return self._supremum(order, low, high)

    def _supremum(self, order: int, low: float, high: float) -> Decimal:
        nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        if self.name == "logistic":
            return _pole_bound(order, nearest)
        if self.name == "tanh":
            return Decimal(2) ** (order + 1) * _pole_bound(order, 2 * nearest)
        if self.name == "softplus":
            return Decimal(1) if order == 1 else _pole_bound(order - 1, nearest) / order
        if self.name == "exp":
            return Decimal(high).exp() / math.factorial(order)
        if self.name in ("cos", "sin"):
            return 1 / Decimal(math.factorial(order))
        # |gauss^(m)| <= (1/sqrt(pi)) int_0^inf w^m e^(-w^2/4) dw = 2^m Gamma((m + 1)/2) / sqrt(pi)
        half = math.lgamma((order + 1) / 2) + order * math.log(2) - math.lgamma(order + 1)
        return Decimal(half - math.log(math.pi) / 2 + 1e-9).exp()


class Cosine(Smooth):
    """cos(u), the sine of u + pi/2."""

    def __init__(self) -> None:
        self.name = "cos"
        self.kernel = _core.SIGMAS.index("sin")
        self.terms = ((Fraction(1), Fraction(coefficients.pi()) / 2),)

    def layer(self) -> Activation:
        """Return NumPy's cosine as a layer."""
        return Activation(np.cos)


def _pole_bound(order: int, nearest: float) -> Decimal:
    """Bound the logistic's coefficient: poles at +-i pi (2k - 1), each with residue 1."""
    square = Decimal(nearest) ** 2
    power = Decimal(order + 1) / 2
    total = Decimal(0)
    for k in range(1, _BOUND_TERMS):
        term = ((coefficients.pi() * (2 * k - 1)) ** 2 + square) ** -power
        total += term
        if term < total * Decimal("1e-20"):
            break
    # the rest of the sum, at most the integral from its last term on
    last = coefficients.pi() * (2 * k - 1)
    return 2 * total + 2 * last ** (-order) / (2 * coefficients.pi() * order)


def activation(sigma: SigmaLike, derivatives: Callable[[int, float], float] | None = None) -> Sigma:
    """Return an activation for the gates.

    Parameters
    ----------
    sigma : str, callable or scipy.LowLevelCallable
        "cos", "exp", "gauss" e^(-u^2), "logistic", "sin", "softplus", "tanh"; "relu", "step" (1
        where u > 0), "repu2", "repu3", ... (powers of relu), "hard_sigmoid" (u/6 + 1/2 between 0
        and 1); or a function of your own, of an array element by element, or compiled with the
        signature ``double (double)``.
    derivatives : callable, optional
        ``derivatives(order, u)`` for a function of your own. Without it the function is called once
        with a power series (`Jet`), which serves functions made of arithmetic and NumPy's
        elementary functions.

    Returns
    -------
    Sigma

    Raises
    ------
    TypeError, ValueError
        If it is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> sigma = activation(lambda u: u / (1 + np.exp(-u)))
    >>> [round(float(c), 6) for c in sigma.coefficients(0.0, 4)]
    [0.0, 0.5, 0.25, 0.0, -0.020833]
    """
    if isinstance(sigma, Sigma):
        return sigma
    if not isinstance(sigma, str):
        return Given(sigma, derivatives)
    if derivatives is not None:
        raise ValueError(f"derivatives are for a function of your own, got sigma={sigma!r}")
    if sigma in SMOOTH:
        return _smooth(sigma)
    if sigma == "hard_sigmoid":
        return HardSigmoid()
    match = _PIECEWISE.fullmatch(sigma)
    if match is None:
        listed = ", ".join(repr(name) for name in SMOOTH)
        raise ValueError(
            f"sigma must be one of {listed}, 'relu', 'step', 'repu2', 'repu3', ..., 'hard_sigmoid' "
            f"or a callable, got {sigma!r}"
        )
    degree = {"step": 0, "relu": 1}.get(sigma)
    return Piecewise(sigma, int(match.group(1)) if degree is None else degree)


@functools.cache
def _smooth(name: str) -> Smooth:
    """Return the one object of its name, so that what is computed for it can be kept."""
    return Cosine() if name == "cos" else Smooth(name)
