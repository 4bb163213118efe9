"""NumPy, a table of low sums at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..gates import FUNCTIONS, Adder, SignSum, SortedSum
from ..model import Peer

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


class NumpyAllSigns(Peer):
    """All neurons of integers added up, where these fit in memory: what sorted sums must equal."""

    name = "numpy-chunks"
    packages = ("numpy",)
    solves = SortedSum
    threaded = False

    def refuses(self, problem: SortedSum) -> str | None:
        """Take what is over in seconds."""
        return None if problem.n <= 22 else "adds up 2^n neurons: takes minutes"

    def prepare(self, problem: SortedSum, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Double the list of arguments for each factor."""

        def run() -> Any:
            arguments, signs = np.full(1, 3), np.ones(1, np.int64)
            for factor in problem.operand:
                arguments = np.concatenate([arguments + factor, arguments - factor])
                signs = np.concatenate([signs, -signs])
            return np.array([float((signs * np.maximum(arguments, 0)).sum())])

        return run
