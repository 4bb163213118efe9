"""cheapfast from SciPy's matrices, the construction and its checks included."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..model import Answer, Peer, Problem


class CheapfastFromScipy(Peer):
    """``cf.flattening_cost(cf.chain(A, B))``."""

    name = "cheapfast-from-scipy"

    def prepare(self, problem: Problem, threads: int) -> Callable[[], Answer]:
        """Do nothing: the matrices are what it starts from."""

        def run() -> Answer:
            cost = cf.flattening_cost(cf.chain(*problem.matrices), threads=threads)
            return Answer(cost.flat, cost.deep)

        return run
