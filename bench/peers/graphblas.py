"""SuiteSparse:GraphBLAS with the any-pair semiring, which computes patterns only."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from ..counting import Counter, Product
from ..results import Answer


class GraphBlas(Counter):
    """``any_pair(A @ B).nvals``; longer chains are multiplied from the right."""

    name = "graphblas"
    packages = ("python-graphblas", "suitesparse-graphblas")
    modules = ("graphblas",)
    install = "pip install 'cheapfast[bench]'"

    def predicted_bytes(self, problem: Product) -> int:
        """Bound an index and its share of the workspace for each nonzero; values take nothing.

        R-MAT scale 17 was measured at 1470 to 1566 MB for 184 million nonzeros.
        """
        return problem.cost.largest_step * 10

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Convert the patterns and set the number of threads."""
        import graphblas as gb
        import numpy as np

        any_pair = gb.semiring.any_pair[bool]
        matrices = [
            gb.Matrix.from_csr(matrix.indptr, matrix.indices, np.True_, ncols=matrix.shape[1])
            for matrix in problem.matrices
        ]

        def run() -> Answer:
            gb.ss.config["nthreads"] = threads
            product = reduce(
                lambda right, left: left.mxm(right, any_pair).new(), reversed(matrices)
            )
            return Answer(int(product.nvals), problem.synapses)

        return run
