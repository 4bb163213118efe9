"""FAuST's butterfly factorization, which has to be told the order of the columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..unflattening import FlatMatrix, Found, Unflattener


class PyfaustButterfly(Unflattener):
    """``pyfaust.fact.butterfly(matrix in the right order)``, the balanced tree."""

    name = "pyfaust-butterfly"
    packages = ("pyfaust",)
    modules = ("pyfaust",)
    install = "pip install pyfaust"
    threaded = False
    wants_order = True

    def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:  # noqa: ARG002
        """Put the columns in order beforehand."""
        with warnings.catch_warnings(record=True):  # importing it warns
            from pyfaust import fact
        columns = problem.columns
        ordered = np.asfortranarray(problem.matrix[:, columns])

        def run() -> Found:
            faust = fact.butterfly(ordered, type="bbtree")
            return Found(lambda x: faust @ np.asfortranarray(x[columns]), int(faust.nnz_sum()))

        return run
