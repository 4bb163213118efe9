"""lazylinop: its transforms, its Kronecker-sparse product, and that with factors merged."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from ..networks import NetworkApplier, NetworkProblem, kronecker_factors

#: A network is merged to so many factors.
MERGED_FACTORS = 4
LONGEST_MERGED = 1 << 14


class _Lazylinop(NetworkApplier):
    """What its peers share."""

    packages = ("lazylinop",)
    modules = ("lazylinop", "psutil", "pandas")
    install = "pip install lazylinop psutil pandas"
    threaded = False
    slow = True
    #: memory order of the operand that it is fastest with
    order: ClassVar[Literal["C", "F"]] = "C"

    @abstractmethod
    def operator(self, problem: NetworkProblem) -> tuple[Any, float]:
        """Return the operator, and by how much its result is too small."""

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Construct the operator; an orthonormal transform gets an operand that makes up for it."""
        with warnings.catch_warnings(record=True):  # importing it warns, whatever the filter
            operator, scale = self.operator(problem)
        x = np.asarray(problem.operand * scale, problem.dtype, order=self.order)
        return partial(operator.__matmul__, x)


class LazylinopFwht(_Lazylinop):
    """``lazylinop.signal.fwht(n) @ X``."""

    name = "lazylinop-fwht"
    transforms = ("hadamard",)
    powers_of_two = True
    dtypes = ("float64",)
    order = "F"

    def operator(self, problem: NetworkProblem) -> tuple[Any, float]:
        """Return the orthonormal transform."""
        import lazylinop.signal

        n = problem.operand.shape[0]
        return lazylinop.signal.fwht(n), math.sqrt(n)


class LazylinopButterfly(_Lazylinop):
    """``lazylinop.butterfly.hadamard(n) @ X`` and ``lazylinop.butterfly.dft(n) @ X``."""

    name = "lazylinop-butterfly"
    error_factor = 1000  # the twiddle factors of its Fourier transform lose digits as n grows
    transforms = ("hadamard", "fourier")
    powers_of_two = True

    def operator(self, problem: NetworkProblem) -> tuple[Any, float]:
        """Return the transform, of which only Fourier's is orthonormal."""
        import lazylinop.butterfly

        n = problem.operand.shape[0]
        if problem.transform == "fourier":
            return lazylinop.butterfly.dft(n, dtype=problem.dtype), math.sqrt(n)
        return lazylinop.butterfly.hadamard(n, dtype=problem.dtype), 1.0


class LazylinopKsm(_Lazylinop):
    """``lazylinop.butterfly.ksm([values, ...]) @ X``."""

    name = "lazylinop-ksm"

    def refuses(self, problem: NetworkProblem) -> str | None:
        """Take Kronecker-sparse layers."""
        if kronecker_factors(problem) is None:
            return "takes Kronecker-sparse layers only"
        return super().refuses(problem)

    def values(self, problem: NetworkProblem) -> list[Any]:
        """Return the values of each factor, in matrix order."""
        return (kronecker_factors(problem) or [])[::-1]

    def operator(self, problem: NetworkProblem) -> tuple[Any, float]:
        """Return the product of the factors."""
        import lazylinop.butterfly

        return lazylinop.butterfly.ksm(self.values(problem)), 1.0


class LazylinopMerged(LazylinopKsm):
    """The same with neighbouring factors multiplied out, so that four are left."""

    name = "lazylinop-merged"

    def refuses(self, problem: NetworkProblem) -> str | None:
        """Take what has more factors than that."""
        n = problem.operand.shape[0]
        if n > LONGEST_MERGED:
            return f"takes seconds to minutes to merge factors of more than {LONGEST_MERGED:,} rows"
        too_few = len(problem.layers) <= MERGED_FACTORS
        return "has nothing to merge" if too_few else super().refuses(problem)

    def values(self, problem: NetworkProblem) -> list[Any]:
        """Return the values of the merged factors."""
        import lazylinop.butterfly

        factors = super().values(problem)
        groups = np.array_split(np.arange(len(factors)), MERGED_FACTORS)
        merged = lazylinop.butterfly.fuse(factors, [group.tolist() for group in groups])
        return list(merged)
