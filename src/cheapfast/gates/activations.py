"""The activations of product gates: values, Taylor coefficients, bounds of derivatives, poles."""

from __future__ import annotations

import functools
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.gates import coefficients, taylor
from cheapfast.layers import Activation

Array = npt.NDArray[Any]
SigmaLike = Any  # str, callable, scipy.LowLevelCallable or Sigma

SMOOTH = ("exp", "gauss", "logistic", "sin", "softplus", "tanh")
_PIECEWISE = re.compile(r"step|relu|repu([1-9]\d?)")
_BOUND_TERMS = 50


class Sigma(ABC):
    """An activation as the gates see it.

    Attributes
    ----------
    name : str
        What it is called.
    kernel : int or None
        Its number in the compiled sums, None for a function of the user's.
    degree : int
        Of a power of relu; 1 elsewhere.
    """

    name: str
    kernel: int | None = None
    degree: int = 1
    piecewise = False

    @abstractmethod
    def values(self, u: Array) -> Array:
        """Evaluate the activation element by element."""

    @abstractmethod
    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Return the Taylor coefficients 0 to `order` at a point."""

    def supremum(self, order: int, low: float, high: float) -> Decimal | None:
        """Return a proven bound of the Taylor coefficient `order` on [low, high], or None."""
        del order, low, high
        return None

    def radius(self, bias: float) -> float:
        """Return the distance to the nearest singularity: inf if entire, 0 if unknown."""
        del bias
        return 0.0

    def layer(self) -> Activation:
        """Return the activation as a layer of a network."""
        return Activation(self.name)

    def __repr__(self) -> str:
        return self.name


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
        if self.name == "sin":
            return 1 / Decimal(math.factorial(order))
        # |gauss^(m)| <= (1/sqrt(pi)) int_0^inf w^m e^(-w^2/4) dw = 2^m Gamma((m + 1)/2) / sqrt(pi)
        half = math.lgamma((order + 1) / 2) + order * math.log(2) - math.lgamma(order + 1)
        return Decimal(half - math.log(math.pi) / 2 + 1e-9).exp()


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


class Piecewise(Sigma):
    """Step (degree 0) and the powers of relu: u^degree where u > 0, 0 elsewhere."""

    piecewise = True

    def __init__(self, name: str, degree: int) -> None:
        self.name = name
        self.degree = degree
        self.kernel = _core.SIGMAS.index({0: "step", 1: "relu"}.get(degree, "repu"))

    def values(self, u: Array) -> Array:
        """Evaluate the power."""
        result: Array = np.where(u > 0, np.maximum(u, 0) ** self.degree, 0.0)
        return result

    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Expand the power; to the left of 0 everything vanishes, and at 0 itself."""
        with localcontext(coefficients.arithmetic()):
            base = Decimal(bias)
            if bias <= 0:
                return (Decimal(0),) * (order + 1)
            return tuple(
                Decimal(math.comb(self.degree, k)) * base ** (self.degree - k)
                if k <= self.degree
                else Decimal(0)
                for k in range(order + 1)
            )

    def supremum(self, order: int, low: float, high: float) -> Decimal | None:
        """Take the largest value, at the right end; None where the derivative does not exist."""
        del low
        if order > self.degree:
            return None
        with localcontext(coefficients.arithmetic()):
            return self.coefficients(high, order)[order] if high > 0 else Decimal(0)

    def layer(self) -> Activation:
        """Return relu by name, the others as functions."""
        return Activation("relu") if self.degree == 1 else Activation(self.values)


class Given(Sigma):
    """A function of the user's.

    Parameters
    ----------
    function : callable or scipy.LowLevelCallable
        Of an array, element by element (a NumPy ufunc, say); or compiled, "double (double)".
    derivatives : callable, optional
        ``derivatives(order, u)``: the derivative of that order (0 is the function) at a float.
        Without it the function is called with a power series (see `cheapfast.gates.Jet`).
    """

    def __init__(
        self,
        function: Any,
        derivatives: Callable[[int, float], float] | None = None,
    ) -> None:
        self.function = function
        self.derivatives = derivatives
        self.compiled = _capsule(function)
        self.name = getattr(function, "__name__", type(function).__name__)
        if self.compiled is None and not callable(function):
            raise TypeError(
                f"sigma must be a name, a callable or a scipy.LowLevelCallable, got {function!r}"
            )
        if derivatives is not None and not callable(derivatives):
            raise TypeError(f"derivatives must be callable, got {derivatives!r}")

    def values(self, u: Array) -> Array:
        """Call the function and check what comes back."""
        if self.compiled is not None:
            return _core.call_function(self.compiled, np.ascontiguousarray(u, np.float64).ravel())
        result = np.asarray(self.function(u))
        if result.shape != u.shape or result.dtype.kind not in "fiub":
            raise ValueError(
                f"sigma must return real numbers of the shape it is given, {u.shape}; "
                f"{self.name} returned shape {result.shape} of {result.dtype}"
            )
        return result.astype(np.float64, copy=False)

    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Divide the user's derivatives by factorials, or differentiate by Taylor arithmetic."""
        if self.derivatives is not None:
            given = [float(self.derivatives(k, bias)) for k in range(order + 1)]
            scaled = [Decimal(value) / math.factorial(k) for k, value in enumerate(given)]
        else:
            scaled = [Decimal(float(value)) for value in self._expanded(bias, order)]
        if not all(value.is_finite() for value in scaled):
            raise ValueError(f"the derivatives of {self.name} at {bias!r} are not all finite")
        return tuple(scaled)

    def _expanded(self, bias: float, order: int) -> Array:
        instead = "pass gates.activation(function, derivatives=...)"
        if self.compiled is not None:
            raise TypeError(f"{self.name} is compiled code and cannot be differentiated: {instead}")
        try:
            return taylor.expand(self.function, bias, order)
        except (AttributeError, TypeError, ZeroDivisionError) as error:
            raise TypeError(
                f"{self.name} cannot be differentiated automatically ({error}): {instead}"
            ) from error

    def layer(self) -> Activation:
        """Return the function as a layer."""
        return Activation(self.values)


def _capsule(function: Any) -> Any:
    """Return the capsule in a scipy.LowLevelCallable, None for anything else."""
    # a LowLevelCallable is a tuple; scipy need not be imported to know one
    if type(function).__name__ == "LowLevelCallable" and isinstance(function, tuple):
        return tuple.__getitem__(function, 0)
    return None


def activation(sigma: SigmaLike, derivatives: Callable[[int, float], float] | None = None) -> Sigma:
    """Return an activation for the gates.

    Parameters
    ----------
    sigma : str, callable or scipy.LowLevelCallable
        "exp", "gauss" e^(-u^2), "logistic", "sin", "softplus", "tanh"; "relu", "step" (1 where
        u > 0), "repu2", "repu3", ... (powers of relu); or a function of your own, of an array
        element by element, or compiled with the signature ``double (double)``.
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
    match = _PIECEWISE.fullmatch(sigma)
    if match is None:
        listed = ", ".join(repr(name) for name in SMOOTH)
        raise ValueError(
            f"sigma must be one of {listed}, 'relu', 'step', 'repu2', 'repu3', ... or a callable, "
            f"got {sigma!r}"
        )
    degree = {"step": 0, "relu": 1}.get(sigma)
    return Piecewise(sigma, int(match.group(1)) if degree is None else degree)


@functools.cache
def _smooth(name: str) -> Smooth:
    """Return the one object of its name, so that what is computed for it can be kept."""
    return Smooth(name)
