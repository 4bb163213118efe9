"""The definition: SciPy's Hadamard matrix, multiplied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..transforms import Transform, Transformer

#: A larger matrix would take seconds, and 8 n^2 bytes.
LARGEST = 4096


class ScipyHadamard(Transformer):
    """``x @ scipy.linalg.hadamard(n)``."""

    name = "scipy-matrix"
    packages = ("scipy",)
    threaded = False

    def refuses(self, problem: Transform) -> str | None:
        """Refuse matrices that are too large."""
        n = problem.shape[-1]
        return f"a matrix of {n} x {n} is too large" if n > LARGEST else None

    def prepare(self, problem: Transform, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Make the matrix once."""
        import scipy.linalg

        x = problem.operand
        matrix = scipy.linalg.hadamard(x.shape[-1], dtype=x.dtype)
        return lambda: x @ matrix
