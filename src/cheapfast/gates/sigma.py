"""What the gates ask of an activation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy.typing as npt

from cheapfast.layers import Activation

Array = npt.NDArray[Any]


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
    terms : tuple of (Fraction, Fraction)
        Weights w and shifts s: the activation is the sum of w times the kernel at u + s.
    """

    name: str
    kernel: int | None = None
    degree: int = 1
    terms: tuple[tuple[Fraction, Fraction], ...] = ((Fraction(1), Fraction(0)),)

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
