"""SciPy's sparse product, as the alternative to an estimate."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from ..estimates import Estimation
from ..model import Peer


class ScipyMultiplied(Peer):
    """``(A @ B).nnz``; longer chains are multiplied from the right."""

    name = "scipy"
    solves = Estimation
    packages = ("scipy",)
    threaded = False

    def predicted_bytes(self, problem: Estimation) -> int:
        """Bound a value and an index for each nonzero of one product and the one before."""
        index = 4 if max(problem.cost.nonzeros) < 2**31 else 8
        return problem.cost.largest_step * (8 + index)

    def prepare(self, problem: Estimation, threads: int) -> Callable[[], float]:  # noqa: ARG002
        """Do nothing: the matrices are SciPy's."""

        def run() -> float:
            product = reduce(lambda right, left: left @ right, reversed(problem.matrices))
            return float(product.nnz)

        return run
