"""Networks to be applied to vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .applying import Application, Array
from .model import Peer


@dataclass(frozen=True)
class NetworkProblem(Application):
    """A network to be applied to vectors.

    Parameters
    ----------
    symbolic : callable
        Builds the network.
    columns : int
        Number of vectors.
    dtype : str
        Of the weights and of the vectors.
    transform : {"", "fourier", "hadamard"}
        Which well-known transform the network is.
    """

    symbolic: Callable[[], Any]
    columns: int = 1
    dtype: str = "float64"
    transform: str = ""
    tolerance = 100  # the error of a fast algorithm grows with its depth

    @cached_property
    def layers(self) -> Any:
        """The network."""
        return self.symbolic()

    @cached_property
    def operand(self) -> Array:
        """Normal random numbers, (inputs, columns)."""
        rng = np.random.default_rng(2)
        numbers = rng.standard_normal((2, self.layers.shape[1], self.columns))
        is_complex = np.dtype(self.dtype).kind == "c"
        return np.asarray(numbers[0] + 1j * numbers[1] if is_complex else numbers[0], self.dtype)


class NetworkApplier(Peer):
    """One way to apply `NetworkProblem.layers` to its operand; a run returns a new array."""

    solves = NetworkProblem


class TransformApplier(NetworkApplier):
    """One that only knows certain transforms."""

    #: which, of those that `NetworkProblem.transform` may name
    transforms: ClassVar[tuple[str, ...]]

    def refuses(self, problem: NetworkProblem) -> str | None:
        """Take its transforms only."""
        fits = problem.transform in self.transforms
        return None if fits else f"takes {' and '.join(self.transforms)} transforms only"
