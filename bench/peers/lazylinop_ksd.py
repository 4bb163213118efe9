"""lazylinop's Kronecker-sparse decomposition, which has to be told the order of the columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..unflattening import FlatMatrix, Found, Unflattener


class LazylinopKsd(Unflattener):
    """``lazylinop.butterfly.ksd(matrix in the right order, Chain.square_dyadic(shape))``."""

    name = "lazylinop-ksd"
    packages = ("lazylinop",)
    modules = ("lazylinop", "psutil", "pandas")
    install = "pip install lazylinop psutil pandas"
    threaded = False
    wants_order = True
    order = "l2r"

    def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:  # noqa: ARG002
        """Put the columns in order beforehand."""
        with warnings.catch_warnings(record=True):  # importing it warns
            from lazylinop.butterfly import Chain, ksd
        columns = problem.columns
        ordered = np.ascontiguousarray(problem.matrix[:, columns])
        chain = Chain.square_dyadic(ordered.shape)

        def run() -> Found:
            operator = ksd(ordered, chain, order=self.order)
            synapses = sum(values.size for values in operator.ks_values)
            return Found(lambda x: operator @ x[columns], synapses)

        return run


class LazylinopKsdBalanced(LazylinopKsd):
    """The same, split in the middle first."""

    name = "lazylinop-ksd-balanced"
    order = "balanced"
