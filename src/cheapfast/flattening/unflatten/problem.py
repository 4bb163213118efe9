"""The matrix that a network is sought for, and what a family proposes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.layers import Sparse
from cheapfast.network import Network

Array = npt.NDArray[Any]

_INSTEAD = "unflatten a part of the matrix, such as half of its rows"


@dataclass(frozen=True)
class Problem:
    """A matrix with everything that the families want to know of it.

    Attributes
    ----------
    matrix : ndarray
        Shape (n, m), C order, finite, of a supported dtype, the largest entry of moderate size.
    norm : float
        Frobenius norm.
    zeros : int
        Number of exact zeros.
    tolerance : float
        Relative error allowed.
    budget : int
        A network with as many synapses or more is of no use.
    rng : numpy.random.Generator
        What to sample with.
    threads : int
        Number of threads.
    memory_limit : int or None
        Bytes that may be taken beside the matrix that was passed; None for what is available.
    held : int
        Bytes of copies that are taken already.
    """

    matrix: Array
    norm: float
    zeros: int
    tolerance: float
    budget: int
    rng: np.random.Generator
    threads: int
    memory_limit: int | None = None
    held: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def rms(self) -> float:
        """Root mean square of the entries."""
        return self.norm / math.sqrt(self.matrix.size)

    @property
    def double(self) -> np.dtype[Any]:
        """float64 or complex128."""
        return np.dtype(np.complex128 if self.matrix.dtype.kind == "c" else np.float64)

    def require(self, count: int, what: str) -> None:
        """Refuse a step that needs more memory than there is, before it allocates.

        Parameters
        ----------
        count : int
            Bytes that the step takes at most.
        what : str
            What it is, the subject of the message.

        Raises
        ------
        MemoryError
        """
        rows, columns = self.shape
        # what is held is missing from what is available already
        held = 0 if self.memory_limit is None else self.held
        _memory.require(
            held + count,
            f"{what} a matrix of shape ({rows}, {columns})",
            _INSTEAD,
            limit=self.memory_limit,
        )

    def within(self, budget: int) -> Problem:
        """Return the same problem with another budget.

        Parameters
        ----------
        budget : int
            Synapses from which on a network is of no use.

        Returns
        -------
        Problem
        """
        return dataclasses.replace(self, budget=budget)

    def part(self, matrix: Array, budget: int, held: int) -> Problem:
        """Return the problem of a submatrix.

        Parameters
        ----------
        matrix : ndarray
            Shape (rows, columns), C order.
        budget : int
            Synapses from which on a network is of no use.
        held : int
            Bytes that are taken for it.

        Returns
        -------
        Problem
            The error allowed is relative to the norm of the part, so that parts together keep to
            the tolerance of the whole.
        """
        zeros, _, norm = measured(matrix, self.threads)
        return dataclasses.replace(
            self, matrix=matrix, norm=norm, zeros=zeros, budget=budget, held=self.held + held
        )


@dataclass(frozen=True)
class Proposal:
    """A network that a family found.

    Attributes
    ----------
    description : str
        What it is.
    synapses : int
        Nonzero weights.
    build : callable
        Returns the network.
    error : float or None
        Its relative error where that is known exactly without building it.
    """

    description: str
    synapses: int
    build: Callable[[], Network]
    error: float | None = None

    @classmethod
    def of(cls, network: Network, description: str, error: float | None = None) -> Proposal:
        """Propose a network that is there already.

        Parameters
        ----------
        network : Network
            What is proposed.
        description : str
            What it is.
        error : float, optional
            Its relative error where that was computed already.

        Returns
        -------
        Proposal
        """
        return cls(description, network.synapses, lambda: network, error)


@dataclass(frozen=True)
class TooDear:
    """A structure that is there but would not save anything over what was found before.

    Attributes
    ----------
    description : str
        What it is.
    synapses : int
        Nonzero weights that its network would have.
    """

    description: str
    synapses: int


#: A proposal, one that is too dear, or in words why there is none.
Outcome = Proposal | TooDear | str


class Family(Protocol):
    """Looks for one kind of structure."""

    def __call__(self, problem: Problem) -> Outcome:
        """Return what was found."""
        ...  # pragma: no cover


def scaled(network_of_scaled: Network, exponent: int) -> Network:
    """Multiply a network by a power of two.

    Parameters
    ----------
    network_of_scaled : Network
        Ends in a weight layer.
    exponent : int
        Of the power.

    Returns
    -------
    Network
        The last layer's weights are multiplied.
    """
    if exponent == 0:
        return network_of_scaled
    *layers, last = network_of_scaled
    matrix = last.to_csr()
    # in two steps: half of an extreme power is still a number of the dtype
    half = exponent // 2
    data = np.ldexp(1.0, half) * matrix.data * np.ldexp(1.0, exponent - half)
    matrix.data = data.astype(matrix.dtype)
    return Network([*layers, Sparse(matrix)])


def measured(array: Array, threads: int) -> tuple[int, int, float]:
    """Return the numbers of zeros and of NaN and infinities, and the Frobenius norm.

    Parameters
    ----------
    array : ndarray
        C order.
    threads : int
        Number of threads.

    Returns
    -------
    zeros, non_finite : int
    norm : float
    """
    zeros, non_finite, squares = _core.measure(array.reshape(-1), threads)
    return zeros, non_finite, math.sqrt(squares)
