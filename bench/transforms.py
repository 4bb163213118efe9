"""Walsh-Hadamard transforms of arrays, in place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .applying import Application, Array
from .model import Peer
from .roofline import Work


@dataclass(frozen=True)
class Transform(Application):
    """An array whose last axis is to be transformed in place.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    dtype : str
        Of the array.
    """

    shape: tuple[int, ...] = (1,)
    dtype: str = "float64"
    tolerance = 0  # the numbers are small integers, whose sums are exact

    @cached_property
    def operand(self) -> Array:
        """The array that is transformed."""
        return np.empty(self.shape, self.dtype)

    @property
    def work(self) -> Work:
        """An addition for every number and factor; read once, written once."""
        size, n = math.prod(self.shape), self.shape[-1]
        moved = size * np.dtype(self.dtype).itemsize
        return Work(moved, moved, moved, size * (n.bit_length() - 1), self.dtype == "float32")

    def begin(self) -> None:
        """Draw small integers; the same every time."""
        self.operand[...] = np.random.default_rng(1).integers(0, 2, self.shape, np.int8)

    def rest(self) -> None:
        """Set it to zero: repeated transforms of anything else would overflow."""
        self.operand[...] = 0


class Transformer(Peer):
    """One way to transform `Transform.operand`; what a run returns, if not None, is the result."""

    solves = Transform
