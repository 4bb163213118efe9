"""The matrix that a network is sought for, and what a family proposes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _core, _memory
from cheapfast._arrays import weights
from cheapfast._validate import real
from cheapfast.layers import Sparse
from cheapfast.network import Network

Array = npt.NDArray[Any]

# What storing a matrix in its dtype costs, with room for the rounding of the factors.
_ROUNDING = 32
# Norms are sums of squares: unless they are within these, the largest entry is brought near 1.
_MODERATE = {4: (2.0**-20, 2.0**40), 8: (2.0**-200, 2.0**300)}


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
    """

    matrix: Array
    norm: float
    zeros: int
    tolerance: float
    budget: int
    rng: np.random.Generator
    threads: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def rms(self) -> float:
        """Root mean square of the entries."""
        return self.norm / math.sqrt(self.matrix.size)

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

    def part(self, matrix: Array, budget: int) -> Problem:
        """Return the problem of a submatrix.

        Parameters
        ----------
        matrix : ndarray
            Shape (rows, columns), C order.
        budget : int
            Synapses from which on a network is of no use.

        Returns
        -------
        Problem
            The error allowed is relative to the norm of the part, so that parts together keep to
            the tolerance of the whole.
        """
        zeros, _, norm = _measured(matrix, self.threads)
        return dataclasses.replace(self, matrix=matrix, norm=norm, zeros=zeros, budget=budget)


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


def make_problem(
    matrix: object, tolerance: object, rng: np.random.Generator, threads: int
) -> tuple[Problem, int]:
    """Check the arguments and bring the matrix into the form that the families work with.

    Parameters
    ----------
    matrix : array_like or sparse array
        What the caller passed.
    tolerance : object
        What the caller passed.
    rng : numpy.random.Generator
        What to sample with.
    threads : int
        Number of threads.

    Returns
    -------
    problem : Problem
        Its matrix is the one passed, divided by a power of two where its entries are extreme.
    exponent : int
        Of that power.

    Raises
    ------
    TypeError
        If the dtype is not supported, or the tolerance is no number.
    ValueError
        If the matrix has not two dimensions, is empty, or holds NaN or infinities; if the tolerance
        is negative, NaN, or 1 or more.
    MemoryError
        Before a sparse matrix is written out, if that does not fit.
    """
    allowed = _checked_tolerance(tolerance)
    array = _dense(matrix)
    precision = float(np.finfo(array.dtype).eps)
    allowed = max(allowed, _ROUNDING * precision)
    zeros, non_finite, norm = _measured(array, threads)
    if non_finite:
        raise ValueError(f"matrix must be finite, got {non_finite} NaN or infinite value(s)")
    exponent = _extreme_exponent(array, norm)
    if exponent:
        array = _divided(array, exponent)
        _, _, norm = _measured(array, threads)
    problem = Problem(array, norm, zeros, allowed, array.size + 1, rng, threads)
    return problem, exponent


def _measured(array: Array, threads: int) -> tuple[int, int, float]:
    """Return the numbers of zeros and of NaN and infinities, and the Frobenius norm."""
    zeros, non_finite, squares = _core.measure(array.reshape(-1), threads)
    return zeros, non_finite, math.sqrt(squares)


def _checked_tolerance(tolerance: object) -> float:
    value = real(tolerance, "tolerance", "a number from 0 on")
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"tolerance must be a finite number from 0 on, got {tolerance!r}")
    if value >= 1:
        raise ValueError(
            f"tolerance must be below 1, the relative error of a zero matrix, got {tolerance!r}"
        )
    return value


def _dense(matrix: Any) -> Array:
    """Write the matrix out in C order and a supported dtype."""
    if sparse.issparse(matrix):
        itemsize = max(8, matrix.dtype.itemsize)
        _memory.require(
            matrix.shape[0] * matrix.shape[1] * itemsize,
            f"a sparse matrix of shape {matrix.shape}, written out dense,",
            "unflatten its connected components one by one",
        )
        matrix = matrix.toarray()
    array = weights(matrix, "matrix", ndim=2)
    if array.size == 0:
        raise ValueError(f"matrix must not be empty, got shape {array.shape}")
    return np.ascontiguousarray(array)


def _extreme_exponent(array: Array, norm: float) -> int:
    """Return the exponent of the largest entry if sums of squares overflow or vanish, else 0."""
    real = array.reshape(-1)
    if real.dtype.kind == "c":
        real = real.view(real.real.dtype)
    low, high = _MODERATE[real.dtype.itemsize]
    if low <= norm <= high:
        return 0
    largest = max(float(real.max()), -float(real.min()))
    return math.frexp(largest)[1] if largest else 0


def _divided(array: Array, exponent: int) -> Array:
    half = -exponent // 2
    rest = -exponent - half
    real = array.dtype.type(0).real.dtype.type
    return np.ascontiguousarray(array * real(2.0**half) * real(2.0**rest))
