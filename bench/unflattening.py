"""Finding networks for flat matrices: errors and savings first, then the times."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .model import Peer, Problem, Workload
from .results import Difference, Mismatch, Results
from .timing import Settings, first_runs, line_up, set_loops, take_turns, to_figures

Array = npt.NDArray[Any]

#: Relative error that other libraries may have.
_RIVAL_ERROR = 1e-12
_VECTORS = 32  # random vectors that estimate the error of what a peer returns


class Found(NamedTuple):
    """What a peer found.

    Parameters
    ----------
    apply : callable
        Multiplies by the network.
    synapses : int
        Its nonzero weights.
    """

    apply: Callable[[Array], Array]
    synapses: int


@dataclass(frozen=True)
class FlatMatrix(Problem):
    """A matrix that has structure, or has none.

    Parameters
    ----------
    matrix : ndarray
        Shape (n, m).
    error : float
        Relative error that the network may have.
    saving : float, optional
        So many times the synapses of the network must be the entries of the matrix; 0 if there must
        be no network.
    columns : ndarray, optional
        The order of columns in which it is a butterfly of radix 2, for peers that want to be told.
    tolerance : float, optional
        What the search is given.
    """

    matrix: Array
    error: float
    saving: float
    columns: Array | None = None
    tolerance: float = 1e-12


class Unflattener(Peer):
    """One way to factorize `FlatMatrix.matrix`; a run returns `Found`, or None for nothing."""

    solves = FlatMatrix
    #: the largest size that is worth the wait
    most = 4096

    def refuses(self, problem: FlatMatrix) -> str | None:
        """Take matrices up to a size."""
        return f"slow beyond {self.most}" if max(problem.matrix.shape) > self.most else None

    @abstractmethod
    def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:
        """Return what is timed: the whole search."""


def time_searches(
    workload: Workload, problem: FlatMatrix, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check errors and savings, then time.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : FlatMatrix
        The workload at one size.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if a network is too far from the matrix, or saves too little.
    """
    results = Results()
    contestants = line_up(workload, problem, peers, settings, results)
    shortfalls: dict[str, Difference] = {}
    ready = []
    for entry, found in first_runs(workload, contestants, results):
        ready.append(entry)
        allowed = problem.error if entry.peer.startswith("cheapfast") else _RIVAL_ERROR
        for shortfall in _shortfalls(problem, found, allowed):
            shortfalls[entry.label] = shortfall
    if shortfalls:
        results.mismatches.append(Mismatch(workload.name, shortfalls))
        return results
    set_loops(ready)
    take_turns(ready, settings)
    results.figures += to_figures(workload, ready, others=("the matrix",))
    return results


def _shortfalls(problem: FlatMatrix, found: Found | None, error: float) -> list[Difference]:
    """Return what is too large: the error, or the share that is left of the saving required."""
    if found is None or not problem.saving:
        return [] if found is None and not problem.saving else [Difference(np.inf, error)]
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((problem.matrix.shape[1], _VECTORS))
    expected = problem.matrix @ vectors
    distance = float(np.linalg.norm(found.apply(vectors) - expected))
    entries = [
        Difference(distance / float(np.linalg.norm(expected)), error),
        Difference(problem.saving * found.synapses / problem.matrix.size, 1.0),
    ]
    return [entry for entry in entries if not entry.relative <= entry.allowed]
