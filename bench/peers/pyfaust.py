"""FAuST (Le Magoarou and Gribonval 2016): its own transforms, and any chain of sparse factors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from ..networks import NetworkApplier, NetworkProblem


class _Pyfaust(NetworkApplier):
    """What its peers share; operands lie in Fortran order, as the library demands."""

    packages = ("pyfaust",)
    modules = ("pyfaust",)
    install = "pip install pyfaust"
    threaded = False
    dtypes = ("float32", "float64", "complex128")
    slow = True

    def factorization(self, problem: NetworkProblem) -> Any:
        """Return the Faust."""
        import pyfaust

        factors = [layer.to_csr() for layer in reversed(list(problem.layers))]
        return pyfaust.Faust([sparse.csr_matrix(csr, dtype=problem.dtype) for csr in factors])

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Construct the Faust."""
        with warnings.catch_warnings(record=True):  # importing it warns
            faust = self.factorization(problem)
        return partial(faust.__matmul__, np.asfortranarray(problem.operand))


class PyfaustFactors(_Pyfaust):
    """``Faust([A, B, ...]) @ X``."""

    name = "pyfaust"


class PyfaustTransform(_Pyfaust):
    """``pyfaust.wht(n) @ X`` and ``pyfaust.dft(n) @ X``."""

    name = "pyfaust-transform"
    error_factor = 1000  # the twiddle factors of its Fourier transform lose digits as n grows
    transforms = ("hadamard", "fourier")
    powers_of_two = True

    def factorization(self, problem: NetworkProblem) -> Any:
        """Return the library's own Faust of the transform."""
        import pyfaust

        n = problem.operand.shape[0]
        if problem.transform == "fourier":
            return pyfaust.dft(n, normed=False)
        return pyfaust.wht(n, normed=False, dtype=problem.dtype)
