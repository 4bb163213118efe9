"""cheapfast's flattening cost of a network that is constructed already."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..counting import Counter, Product
from ..results import Answer


class CheapfastCost(Counter):
    """``cf.flattening_cost(net)``."""

    name = "cheapfast-cost"

    def refuses(self, problem: Product) -> str | None:
        """Take what has no matrices: for the others the cost is the count and a division."""
        return "measured on symbolic networks only" if problem.matrices else None

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Construct the network."""
        net = problem.network()

        def run() -> Answer:
            cost = cf.flattening_cost(net, threads=threads)
            return Answer(cost.flat, cost.deep)

        return run
