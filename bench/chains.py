"""Timing chains of sparse matrices applied to a block of vectors: equal results first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .model import Answer, Peer, Problem, Workload
from .results import Figure, Mismatch, Results, Skip
from .timing import Settings, label
from .transforms import Array, Contestant, array_answer, take_turns


@dataclass(frozen=True)
class ChainProblem(Problem):
    """Matrices to be applied to vectors, one after another.

    Parameters
    ----------
    columns : int
        Number of vectors.
    dtype : str
        Of the weights and of the vectors.
    """

    columns: int = 1
    dtype: str = "float64"

    def vectors(self) -> Array:
        """Return small integers: sums of them are exact, so that results can be compared."""
        rng = np.random.default_rng(2)
        shape = (self.matrices[-1].shape[1], self.columns)
        return rng.integers(0, 2, shape, np.int8).astype(self.dtype)


class Applier(Peer):
    """One way to apply a chain. A subclass is one small file in peers/."""

    def prepare(self, problem: Problem, threads: int) -> Callable[[], Answer]:
        """Refuse to count."""
        raise NotImplementedError(f"{self.name} applies chains and counts nothing")

    @abstractmethod
    def applier(self, matrices: Sequence[Any], threads: int) -> Callable[[Array], Array]:
        """Return what is timed: vectors in, a new array out.

        Parameters
        ----------
        matrices : sequence of scipy.sparse.csr_array
            In matrix order.
        threads : int
            How many threads the run may use.

        Returns
        -------
        callable
        """


def time_chains(
    workload: Workload, problem: Problem, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers return the same array, then time them.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : ChainProblem
        The workload at one size.
    peers : sequence of Peer
        Who takes part; those that are no Applier do not.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if the results differ.
    """
    assert isinstance(problem, ChainProblem)
    results = Results()
    contestants: list[Contestant] = []
    answers: dict[str, Answer] = {}
    x = problem.vectors()
    for peer in (peer for peer in peers if isinstance(peer, Applier)):
        reason = peer.missing() or peer.refuses(problem)
        if reason is not None:
            results.skips.append(Skip(workload.name, peer.name, reason))
            continue
        for threads in settings.threads if peer.threaded else (1,):
            apply = peer.applier(problem.matrices, threads)
            answers[label(peer.name, threads)] = array_answer(apply(x))
            contestants.append(Contestant(peer.name, threads, partial(apply, x)))
    if len(set(answers.values())) > 1:
        results.mismatches.append(Mismatch(workload.name, answers))
        return results
    take_turns(contestants, settings)
    voices = {entry.peer for entry in contestants}
    results.figures += [
        Figure(
            *(workload.name, workload.measure, entry.peer, entry.threads),
            values=tuple(entry.seconds),
            checked=len(voices) > 1,
        )
        for entry in contestants
    ]
    return results
