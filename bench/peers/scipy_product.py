"""SciPy's sparse product: what one does without a counting library."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from ..counting import Counter, Product
from ..results import Answer


class ScipyProduct(Counter):
    """``(A @ B).nnz``; longer chains are multiplied from the right."""

    name = "scipy"
    packages = ("scipy",)
    threaded = False

    def predicted_bytes(self, problem: Product) -> int:
        """Bound a value and an index for each nonzero of one product and the one before."""
        index = 4 if max(problem.cost.nonzeros) < 2**31 else 8
        return problem.cost.largest_step * (8 + index)

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:  # noqa: ARG002
        """Do nothing: the matrices are SciPy's."""

        def run() -> Answer:
            product = reduce(lambda right, left: left @ right, reversed(problem.matrices))
            return Answer(int(product.nnz), problem.synapses)

        return run
