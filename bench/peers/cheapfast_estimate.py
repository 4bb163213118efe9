"""cheapfast's estimate, with another seed for each call."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import cheapfast as cf

from ..estimates import Estimation
from ..model import Peer


class CheapfastEstimate(Peer):
    """``cf.estimate_synapses(net, rel_error=...)``."""

    name = "cheapfast"
    solves = Estimation

    def prepare(self, problem: Estimation, threads: int) -> Callable[[], float]:
        """Construct the network."""
        net = problem.network()
        seeds = itertools.count()

        def run() -> float:
            return cf.estimate_synapses(
                net,
                rel_error=problem.rel_error,
                method="hyperloglog",
                rng=next(seeds),
                threads=threads,
            ).value

        return run
