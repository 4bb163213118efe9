"""Timing every way to merge neighbouring layers, and which of them cheapfast chose."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import cheapfast as cf
from cheapfast._stopwatch import fastest, stopped

from .model import Problem, Workload
from .results import Figure, Mismatch, Results
from .timing import Settings

#: A measurement repeats a run until it takes so long.
_MEASURED_SECONDS = 0.01

#: Who the rows of the table are besides cheapfast's choice.
APART, MULTIPLIED, BEST = "apply all", "multiply all", "best partition"

Cuts = tuple[int, ...]


@dataclass(frozen=True)
class MergeProblem(Problem):
    """Matrices of which neighbours may be multiplied out before they are applied.

    Parameters
    ----------
    matrices : tuple of scipy.sparse.csr_array
        In matrix order.
    applications : int
        How often the chain is applied.
    columns : int
        To how many vectors at a time.
    """

    matrices: tuple[Any, ...] = ()
    applications: int = 1
    columns: int = 1

    def network(self) -> cf.Network:
        """Construct the network.

        Returns
        -------
        cheapfast.Network
        """
        return cf.chain(*self.matrices)

    def vectors(self) -> Any:
        """Return normal random numbers, (inputs, columns)."""
        shape = (self.matrices[-1].shape[1], self.columns)
        dtype = np.result_type(*(matrix.dtype for matrix in self.matrices))
        return np.random.default_rng(2).standard_normal(shape).astype(dtype)


@dataclass(frozen=True)
class PlanProblem(MergeProblem):
    """The same, where planning itself is timed."""


def time_merging(workload: Workload, problem: Problem, settings: Settings) -> Results:
    """Time all partitions into neighbours, then the choice, the winner and both extremes by turns.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : MergeProblem
        The workload at one size.
    settings : Settings
        How to measure; the first number of threads counts.

    Returns
    -------
    Results
        Seconds to multiply out once and to apply as often as the problem says.
    """
    assert isinstance(problem, MergeProblem)
    threads = settings.threads[0]
    net = problem.network()
    with _threads(threads):
        if isinstance(problem, PlanProblem):
            times = tuple(_planning(net, problem) for _ in range(settings.repeat))
            return Results([Figure(workload.name, workload.measure, "cheapfast", 1, times)])
        chosen = _cuts(_plan(net, problem))
        trials = Trials(net, problem)
        results = Results()
        if not trials.agree():
            results.mismatches.append(Mismatch(workload.name, {}))
            return results
        everything, nothing = (0, len(net)), tuple(range(len(net) + 1))
        best = min(trials.partitions(), key=trials.total)
        rivals = {"cheapfast": chosen, BEST: best, APART: nothing, MULTIPLIED: everything}
        values: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in range(settings.repeat):
            for name, cuts in rivals.items():
                values[name].append(trials.measured(cuts))
    results.figures += [
        Figure(workload.name, workload.measure, name, threads, tuple(seconds), checked=True)
        for name, seconds in values.items()
    ]
    return results


class Trials:
    """Partitions of a chain, built and timed.

    Parameters
    ----------
    net : cheapfast.Network
    problem : MergeProblem
    """

    def __init__(self, net: cf.Network, problem: MergeProblem) -> None:
        self._net, self._applications = net, problem.applications
        self._x = problem.vectors()
        self._layers: dict[tuple[int, int], Any] = {}
        self._building: dict[tuple[int, int], float] = {}
        for start, stop in itertools.combinations(range(len(net) + 1), 2):
            if stop == start + 1:
                self._layers[start, stop], self._building[start, stop] = net[start], 0.0
                continue
            self._building[start, stop] = _seconds(lambda a=start, b=stop: self._built(a, b))  # type: ignore[misc]

    def partitions(self) -> Iterator[Cuts]:
        """Yield where each partition into neighbours is cut, both ends included."""
        size = len(self._net)
        for count in range(size):
            for inner in itertools.combinations(range(1, size), count):
                yield (0, *inner, size)

    def total(self, cuts: Cuts) -> float:
        """Return the seconds of a partition, built and applied as often as asked."""
        building = sum(self._building[pair] for pair in itertools.pairwise(cuts))
        net = self._network(cuts)
        return building + self._applications * _seconds(lambda: net.apply(self._x))

    def measured(self, cuts: Cuts) -> float:
        """Return the same, everything timed anew and once."""
        building = 0.0
        for start, stop in itertools.pairwise(cuts):
            if stop > start + 1:
                building += stopped(lambda a=start, b=stop: self._built(a, b))[1].seconds  # type: ignore[misc]
        net = self._network(cuts)
        return building + self._applications * _seconds(lambda: net.apply(self._x))

    def agree(self) -> bool:
        """Say whether both extremes give the same result, up to rounding."""
        apart = self._net.apply(self._x)
        together = self._network((0, len(self._net))).apply(self._x)
        scale = float(np.abs(apart).max(initial=0)) or 1.0
        return bool(np.abs(apart - together).max(initial=0) <= 1e-9 * scale)

    def _built(self, start: int, stop: int) -> Any:
        layer = cf.Sparse(self._net[start:stop].to_csr())
        self._layers[start, stop] = layer
        return layer

    def _network(self, cuts: Cuts) -> cf.Network:
        return cf.Network([self._layers[pair] for pair in itertools.pairwise(cuts)])


def _seconds(call: Callable[[], object]) -> float:
    return fastest(call, _MEASURED_SECONDS, least=1).seconds


def _plan(net: cf.Network, problem: MergeProblem) -> cf.MergePlan:
    return cf.plan_merge(
        net, objective="time", applications=problem.applications, batch=problem.columns
    )


def _planning(net: cf.Network, problem: MergeProblem) -> float:
    return stopped(lambda: _plan(net, problem))[1].seconds


def _cuts(plan: cf.MergePlan) -> Cuts:
    return (*(group.start for group in plan.groups), plan.groups[-1].stop)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let everything in the block run on so many threads."""
    before = os.environ.get("CHEAPFAST_NUM_THREADS")
    os.environ["CHEAPFAST_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CHEAPFAST_NUM_THREADS"]
        else:
            os.environ["CHEAPFAST_NUM_THREADS"] = before
