"""SciPy's private first pass of a sparse product, which only counts.

SciPy calls it to allocate the result. It is not public, and the fastest count in common use.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from ..counting import Counter, Product
from ..results import Answer


class ScipyMaxnnz(Counter):
    """``scipy.sparse._sparsetools.csr_matmat_maxnnz``, after multiplying all factors but one."""

    name = "scipy-maxnnz"
    packages = ("scipy",)
    threaded = False

    def missing(self) -> str | None:
        """Look for the private function."""
        try:
            from scipy.sparse._sparsetools import csr_matmat_maxnnz  # noqa: F401
        except ImportError:
            return "this scipy has no csr_matmat_maxnnz"
        return None

    def predicted_bytes(self, problem: Product) -> int:
        """Bound the product of all factors but the last one applied, which is formed."""
        formed = problem.cost.nonzeros[:-1]
        return 12 * sum(sorted(formed[1:])[-2:])

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:  # noqa: ARG002
        """Do nothing: the matrices are SciPy's."""
        from scipy.sparse._sparsetools import csr_matmat_maxnnz

        def run() -> Answer:
            left, *rest = problem.matrices
            if not rest:
                return Answer(int(left.nnz), problem.synapses)
            right = reduce(lambda product, factor: factor @ product, reversed(rest))
            indptr, indices = right.indptr, right.indices
            if indptr.dtype != left.indptr.dtype:
                # the private function wants one index type
                indptr = indptr.astype(left.indptr.dtype)
                indices = indices.astype(left.indptr.dtype)
            count = csr_matmat_maxnnz(
                left.shape[0], right.shape[1], left.indptr, left.indices, indptr, indices
            )
            return Answer(int(count), problem.synapses)

        return run
