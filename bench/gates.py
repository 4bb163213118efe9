"""The sum over 2^n signs behind the flat product gate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

import cheapfast as cf

from .applying import Application, Array
from .model import Peer
from .roofline import Work

BIAS = 0.3
#: Signs that a peer's inner table takes; those above are one call (one step of a loop) each.
LOW_SIGNS = 16


@dataclass(frozen=True)
class SignSum(Application):
    """The sum of sigma(bias + s . x) over all signs s, times the product of the signs.

    Parameters
    ----------
    n : int
        Factors, drawn between 0.5 and 1.5.
    sigma : str
        "logistic", "exp", "relu", "tanh", "softplus", "sin" or "gauss".
    """

    n: int = 8
    sigma: str = "logistic"
    tolerance: ClassVar[float] = 0.0  # the property below: it depends on how much cancels

    def __post_init__(self) -> None:
        """Allow the rounding of 2^n terms, which may cancel, and that of their partial sums."""
        gate = cf.gates.activation(self.sigma)
        reach = self.operand.sum()
        largest = float(np.abs(gate.values(np.linspace(BIAS - reach, BIAS + reach, 999))).max())
        noise = 16 * largest * reach * 2 ** (self.n / 2)
        object.__setattr__(self, "tolerance", 32 + noise / abs(self.expected))

    @cached_property
    def operand(self) -> Array:
        """The factors, ascending."""
        return np.sort(np.random.default_rng(4).uniform(0.5, 1.5, self.n))

    @cached_property
    def expected(self) -> float:
        """About the sum, by a method that does not add neurons up."""
        x = self.operand
        if self.sigma == "relu":
            return float(cf.gates.flat_product(x, "relu", 1.0, BIAS, "sorted").value)
        method = {"exp": "closed", "sin": "closed", "gauss": "direct"}.get(self.sigma, "sinc")
        gate = cf.gates.flat_product(x, self.sigma, 1.0, BIAS, method)
        known = cf.gates.activation(self.sigma).coefficients(BIAS, self.n)[self.n]
        return float(gate.value) * 2.0**self.n * math.factorial(self.n) * float(known)

    @property
    def work(self) -> Work:
        """Two operations a neuron at least, and nothing to move."""
        return Work(0, 0, self.operand.nbytes, 2 << self.n, single=False)

    def tables(self) -> tuple[Array, Array, Array, Array]:
        """Return the sums of the low signs by the product of their signs, and those of the rest.

        Returns
        -------
        plus, minus, high, signs : ndarray
            The network is the sum of signs * [sigma(plus + high) - sigma(minus + high)].
        """
        low = min(self.n, LOW_SIGNS)
        sums, products = _signed(self.operand[:low])
        high, signs = _signed(self.operand[low:])
        return sums[products > 0], sums[products < 0], high + BIAS, signs


@dataclass(frozen=True)
class SortedSum(Application):
    """The sum of relu(3 + s . x) over all signs s, times the product of the signs, for integers.

    Parameters
    ----------
    n : int
        Factors, integers up to 1000.
    """

    n: int = 8
    tolerance: ClassVar[float] = 0.0

    @cached_property
    def operand(self) -> Array:
        """The factors."""
        return np.random.default_rng(4).integers(1, 1000, self.n)

    @property
    def work(self) -> Work:
        """Two lists of half sums, sorted: an operation an entry and level at least."""
        half = (self.n + 1) // 2
        return Work(0, 0, 16 << half, 2 * half << half, single=False)


def _signed(x: Array) -> tuple[Array, Array]:
    sums, products = np.zeros(1), np.ones(1)
    for value in x:
        sums = np.concatenate([sums + value, sums - value])
        products = np.concatenate([products, -products])
    return sums, products


class Adder(Peer):
    """One way to add up; a run returns an array with the sum."""

    solves = SignSum


#: The activations in NumPy; jax and numba compile the same formulas.
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "gauss": lambda u: np.exp(-u * u),
    "logistic": lambda u: 1 / (1 + np.exp(-u)),
    "relu": lambda u: np.maximum(u, 0),
    "sin": np.sin,
    "softplus": lambda u: np.logaddexp(u, 0),
    "tanh": np.tanh,
}
