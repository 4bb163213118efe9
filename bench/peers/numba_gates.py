"""numba: compiled loops over the high sums, in parallel."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..gates import Adder, SignSum
from .numpy_gates import MOST


class NumbaGates(Adder):
    """``numba.njit(parallel=True, fastmath=True)`` and ``prange``."""

    name = "numba"
    packages = ("numba", "llvmlite")
    modules = ("numba",)
    install = "pip install numba"

    def refuses(self, problem: SignSum) -> str | None:
        """Take what is over in seconds."""
        return None if problem.n <= MOST else f"takes minutes beyond n = {MOST}"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:
        """Compile the activation and the loops around it."""
        numba: Any = importlib.import_module("numba")

        function = numba.njit(fastmath=True, inline="always")(_SCALAR[problem.sigma])

        @numba.njit(parallel=True, fastmath=True)  # type: ignore[untyped-decorator]
        def total(plus: Any, minus: Any, high: Any, signs: Any) -> Any:
            so_far = 0.0
            for k in numba.prange(high.size):
                part = 0.0
                for j in range(plus.size):
                    part += function(plus[j] + high[k]) - function(minus[j] + high[k])
                so_far += signs[k] * part
            return so_far

        tables = problem.tables()
        most = numba.config.NUMBA_NUM_THREADS

        def run() -> Any:
            numba.set_num_threads(min(threads, most))
            return np.array([total(*tables)])

        return run


_SCALAR: dict[str, Callable[[float], float]] = {
    "exp": lambda u: math.exp(u),  # noqa: PLW0108 (numba compiles functions of Python)
    "gauss": lambda u: math.exp(-u * u),
    "logistic": lambda u: 1 / (1 + math.exp(-u)),
    "relu": lambda u: max(u, 0.0),
    "sin": lambda u: math.sin(u),  # noqa: PLW0108
    "softplus": lambda u: max(u, 0.0) + math.log1p(math.exp(-abs(u))),
    "tanh": lambda u: math.tanh(u),  # noqa: PLW0108
}
