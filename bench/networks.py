"""Networks to be applied to vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

import cheapfast as cf

from .applying import Application, Array
from .model import Peer
from .roofline import Work

#: What slow peers are asked for: up to 64 vectors of 2^14.
SMALL = 1 << 20

#: Of one nonzero in a sparse matrix.
INDEX_BYTES = 4


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
    transform : str
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

    @property
    def work(self) -> Work:
        """The vectors in and out once, the weights once; what lies between the layers need not."""
        outputs = self.layers.shape[0] * self.columns * self.operand.itemsize
        weights = _weight_bytes(self)
        inputs = self.operand.nbytes
        return Work(
            inputs + weights,
            outputs,
            inputs + weights + outputs,
            _flops(self),
            single=self.dtype in {"float32", "complex64"},
        )


def _flops(problem: NetworkProblem) -> int:
    """Count real operations: a transform's by the usual formula, else two a synapse."""
    each = problem.operand.size * math.log2(problem.operand.shape[0])
    if problem.transform:
        return round(each * (5 if problem.transform == "fourier" else 1))
    complex_factor = 4 if np.dtype(problem.dtype).kind == "c" else 1
    return int(2 * complex_factor * problem.layers.synapses * problem.columns)


def _weight_bytes(problem: NetworkProblem) -> int:
    """Count the bytes of free weights, and of the indices of sparse layers."""
    if problem.transform:
        return 0
    itemsize = np.dtype(problem.dtype).itemsize
    return sum(
        layer.synapses * (itemsize + (INDEX_BYTES if isinstance(layer, cf.Sparse) else 0))
        for layer in problem.layers
    )


class NetworkApplier(Peer):
    """One way to apply `NetworkProblem.layers` to its operand; a run returns a new array."""

    solves = NetworkProblem
    #: the transforms that it knows, of those that `NetworkProblem.transform` names; empty: networks
    transforms: ClassVar[tuple[str, ...]] = ()
    #: whether transforms must have a power of two as their length
    powers_of_two: ClassVar[bool] = False
    #: the types that it has; empty: all
    dtypes: ClassVar[tuple[str, ...]] = ()
    #: whether it takes seconds where others take milliseconds, and is asked for `SMALL` only
    slow: ClassVar[bool] = False

    def refuses(self, problem: NetworkProblem) -> str | None:
        """Say which of these does not fit."""
        n = problem.operand.shape[0]
        if self.transforms and problem.transform not in self.transforms:
            return f"takes {' and '.join(self.transforms)} transforms only"
        if self.powers_of_two and n & (n - 1):
            return "takes powers of two only"
        if self.dtypes and problem.dtype not in self.dtypes:
            return f"has no {problem.dtype}"
        if self.slow and problem.operand.size > SMALL:
            return f"takes seconds for more than {SMALL:,} numbers"
        return None


def kronecker_factors(problem: NetworkProblem) -> list[Array] | None:
    """Write the values of Kronecker-sparse layers out, in data-flow order.

    Parameters
    ----------
    problem : NetworkProblem
        Whose layers.

    Returns
    -------
    list of ndarray, shape (a, b, c, d), or None
        None if there is another kind of layer.
    """
    if not all(isinstance(layer, cf.KroneckerSparse) for layer in problem.layers):
        return None
    return [
        np.ascontiguousarray(np.broadcast_to(layer.values.materialize(), layer.pattern))
        for layer in problem.layers
    ]
