"""NumPy, a table of low sums at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..gates import FUNCTIONS, Adder, SignSum

#: Larger sums take minutes.
MOST = 26


class NumpyGates(Adder):
    """One call of the activation for each table."""

    name = "numpy-chunks"
    packages = ("numpy",)
    threaded = False

    def refuses(self, problem: SignSum) -> str | None:
        """Take what is over in seconds."""
        return None if problem.n <= MOST else f"takes minutes beyond n = {MOST}"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Keep the tables."""
        plus, minus, high, signs = problem.tables()
        function = FUNCTIONS[problem.sigma]

        def run() -> Any:
            parts = [
                sign * (function(plus + middle) - function(minus + middle)).sum()
                for middle, sign in zip(high, signs, strict=True)
            ]
            return np.array([np.sum(parts)])

        return run
