"""cheapfast from SciPy's matrices, the construction and its checks included."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..counting import Counter, Product
from ..results import Answer


class CheapfastFromScipy(Counter):
    """``cf.flattening_cost(cf.chain(A, B))``."""

    name = "cheapfast-from-scipy"

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Do nothing: the matrices are what it starts from."""

        def run() -> Answer:
            cost = cf.flattening_cost(cf.chain(*problem.matrices), threads=threads)
            return Answer(cost.flat, cost.deep)

        return run
