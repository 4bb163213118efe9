"""cheapfast on a network that is constructed already."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..counting import Counter, Product
from ..results import Answer


class CheapfastNetwork(Counter):
    """``cf.synapse_count(net)``."""

    name = "cheapfast"

    def refuses(self, problem: Product) -> str | None:  # noqa: ARG002
        """Take every problem, symbolic ones included."""
        return None

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Construct the network."""
        net = problem.network()

        def run() -> Answer:
            return Answer(cf.synapse_count(net, threads=threads), net.synapses)

        return run
