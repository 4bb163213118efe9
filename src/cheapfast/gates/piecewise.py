"""Step, powers of relu and the hard sigmoid: activations that are polynomials between edges."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.gates import coefficients
from cheapfast.gates.sigma import Sigma
from cheapfast.layers import Activation

Array = npt.NDArray[Any]


class Piecewise(Sigma):
    """Step (degree 0) and the powers of relu: u^degree where u > 0, 0 elsewhere."""

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

    def gate_bias(self, n: int, reach: float) -> float:
        """Return the bias at which n factors have a gate if they can, for arguments that far."""
        return 1.25 * reach if self.degree >= n > 0 else 0.0

    def layer(self) -> Activation:
        """Return relu by name, the others as functions."""
        return Activation("relu") if self.name == "relu" else Activation(self.values)


class HardSigmoid(Piecewise):
    """u / 6 + 1/2, but at least 0 and at most 1: the difference of two relus."""

    EDGE = 3

    def __init__(self) -> None:
        super().__init__("hard_sigmoid", 1)
        sixth = Fraction(1, 2 * self.EDGE)
        self.terms = ((sixth, Fraction(self.EDGE)), (-sixth, Fraction(-self.EDGE)))

    def values(self, u: Array) -> Array:
        """Cut the line off at both ends."""
        result: Array = np.clip(u / (2 * self.EDGE) + 0.5, 0.0, 1.0)
        return result

    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Take the line between the edges; a constant beyond, and at the edges themselves."""
        with localcontext(coefficients.arithmetic()):
            if abs(bias) >= self.EDGE:
                known = [Decimal(bias > 0)]
            else:
                known = [Decimal(bias) / 6 + Decimal("0.5"), 1 / Decimal(6)]
            return tuple([*known, *[Decimal(0)] * (order + 1)][: order + 1])

    def supremum(self, order: int, low: float, high: float) -> Decimal | None:
        """Return 0 for all but the slope, where there is no edge within; None where there is."""
        if order == 1:
            return 1 / Decimal(6)
        return (
            Decimal(0) if all(not low <= edge <= high for edge in (-self.EDGE, self.EDGE)) else None
        )

    def gate_bias(self, n: int, reach: float) -> float:
        """Return the middle of the line."""
        del n, reach
        return 0.0
