"""Finding networks for flat matrices: errors and savings first, then the times."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .entering import first_runs, line_up
from .model import Peer, Problem, Workload
from .resident import forget_peak, peak
from .results import Difference, Finding, Mismatch, Results
from .timing import Settings, set_loops, take_turns, to_figures

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
    #: whether it has to be told the order of the columns
    wants_order = False

    def refuses(self, problem: FlatMatrix) -> str | None:
        """Take matrices up to a size."""
        if self.wants_order and problem.columns is None:
            return "needs to be told the order of the columns"
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
    findings: dict[str, Finding] = {}
    ready = []
    for entry, found in first_runs(workload, contestants, results, before=_forget_peak):
        finding = findings[entry.label] = _seen(problem, found, _peak())
        ready.append(entry)
        allowed = problem.error if entry.peer.startswith("cheapfast") else _RIVAL_ERROR
        shortfall = _shortfall(problem, finding, allowed)
        if shortfall is not None:
            shortfalls[entry.label] = shortfall
    if shortfalls:
        results.mismatches.append(Mismatch(workload.name, shortfalls))
        return results
    set_loops(ready)
    take_turns(ready, settings)
    figures = to_figures(workload, ready, others=("the matrix",))
    results.figures += [
        replace(figure, finding=findings[entry.label])
        for entry, figure in zip(ready, figures, strict=True)
    ]
    return results


def _seen(problem: FlatMatrix, found: Found | None, most: int | None) -> Finding:
    """Return the savings of a network, and its error on random vectors."""
    matrix = problem.matrix
    if found is None:
        return Finding(matrix.size, matrix.size, 0.0, most)
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((matrix.shape[1], _VECTORS))
    expected = matrix @ vectors
    distance = float(np.linalg.norm(found.apply(vectors) - expected))
    error = distance / float(np.linalg.norm(expected))
    return Finding(matrix.size, found.synapses, error, most)


def _shortfall(problem: FlatMatrix, finding: Finding, error: float) -> Difference | None:
    """Return what is too large: the error, or the share that is left of the saving required."""
    if not problem.saving:
        return None if finding.saving == 1 else Difference(np.inf, error)
    if not finding.error <= error:
        return Difference(finding.error, error)
    share = problem.saving / finding.saving
    return None if share <= 1 else Difference(share, 1.0)


def _forget_peak() -> None:
    if sys.platform != "win32":
        forget_peak()


def _peak() -> int | None:
    return None if sys.platform == "win32" else peak()
