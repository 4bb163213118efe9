"""`cheapfast.frontier` and approximate flattening, and the plain ways to the same numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import cheapfast as cf

from ..flattening import TOLERANCE, Flattener, Frontiers, LeastCount, Thinning
from ..results import Answer

#: Runs of layers beyond which counting every one of them takes minutes.
_MOST_RUNS = 2000


class CheapfastFrontier(Flattener):
    """``cf.frontier(net)``."""

    name = "cheapfast-frontier"
    packages = ("cheapfast",)
    solves = Frontiers

    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:
        """Take the network as it is."""
        net = problem.network
        return lambda: Answer(
            sum(point.synapses for point in cf.frontier(net, threads=threads)), net.synapses
        )


class CountEveryRun(Flattener):
    """Count all runs of neighbours, then the textbook dynamic program."""

    name = "every-run"
    packages = ("cheapfast",)
    solves = Frontiers

    def refuses(self, problem: LeastCount) -> str | None:
        """Take networks of few layers."""
        depth = len(problem.network)
        return "counts all runs: minutes" if depth * (depth + 1) // 2 > _MOST_RUNS else None

    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:
        """Take the network as it is."""
        net = problem.network
        depth = len(net)

        def run() -> Answer:
            least = {(0, 0): 0}
            for j in range(1, depth + 1):
                for i in range(j):
                    cost = (
                        net[i].synapses
                        if j == i + 1
                        else cf.synapse_count(net[i:j], threads=threads)
                    )
                    for groups in range(1, i + 2):
                        before = least.get((i, groups - 1))
                        if before is not None:
                            total = before + cost
                            least[j, groups] = min(least.get((j, groups), total), total)
            return Answer(sum(least[depth, g] for g in range(1, depth + 1)), net.synapses)

        return run


class CheapfastTolerance(Flattener):
    """``cf.flattening_cost(net, tolerance=0.1)``, the product included."""

    name = "cheapfast-tolerance"
    packages = ("cheapfast",)
    solves = Thinning

    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:
        """Take the network as it is."""
        net = problem.network

        def run() -> Answer:
            cost = cf.flattening_cost(net, tolerance=TOLERANCE, threads=threads)
            return Answer(cost.flat, net.synapses)

        return run


class CheapfastCurve(Flattener):
    """``cf.tolerance_curve(net)``: all tolerances, of which one is asked for."""

    name = "cheapfast-curve"
    packages = ("cheapfast",)
    solves = Thinning

    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:
        """Take the network as it is."""
        net = problem.network
        return lambda: Answer(
            cf.tolerance_curve(net, threads=threads).synapses(TOLERANCE), net.synapses
        )


class NumpySort(Flattener):
    """Sort all entries of the product, which is multiplied beforehand."""

    name = "numpy-sort"
    packages = ("numpy",)
    solves = Thinning
    threaded = False

    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:  # noqa: ARG002
        """Multiply the network out."""
        entries = problem.network.to_csr().data
        deep = problem.network.synapses

        def run() -> Answer:
            lost = np.cumsum(np.sort(np.square(np.abs(entries))))
            dropped = int(np.searchsorted(lost, TOLERANCE**2 * lost[-1], side="right"))
            return Answer(len(entries) - dropped, deep)

        return run
