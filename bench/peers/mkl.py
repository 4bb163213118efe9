"""Intel MKL's sparse product, called through sparse-dot-mkl."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from ..counting import Counter, Product
from ..mkl_threads import library, set_threads
from ..results import Answer


class Mkl(Counter):
    """``dot_product_mkl(A, B).nnz``; longer chains are multiplied from the right."""

    name = "mkl"
    packages = ("sparse-dot-mkl", "mkl")

    def missing(self) -> str | None:
        """Look for sparse-dot-mkl and for the library behind it."""
        library()
        try:
            import sparse_dot_mkl  # noqa: F401
        except ImportError as error:  # also raised when MKL itself is not found
            reason = "not installed" if error.name == "sparse_dot_mkl" else "finds no MKL"
            return f"sparse-dot-mkl: {reason} (pip install sparse-dot-mkl mkl)"
        return None

    def predicted_bytes(self, problem: Product) -> int:
        """Bound MKL's result and the copy that becomes a SciPy matrix.

        R-MAT scale 17 was measured at 4409 MB for 184 million nonzeros, SciPy at 2206.
        """
        return problem.cost.largest_step * 24

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Set the number of threads; the matrices are SciPy's."""
        import sparse_dot_mkl

        def run() -> Answer:
            set_threads(threads)
            product = reduce(
                lambda right, left: sparse_dot_mkl.dot_product_mkl(left, right),
                reversed(problem.matrices),
            )
            return Answer(int(product.nnz), problem.synapses)

        return run
