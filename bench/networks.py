"""Timing networks of structured layers applied to vectors: results equal up to rounding first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

import cheapfast as cf

from .model import Answer, Peer, Problem, Workload
from .results import Figure, Mismatch, Results, Skip
from .timing import Settings, label
from .transforms import Array, Contestant, array_answer, take_turns

#: Relative error of a result, in units of the last place, that a fast algorithm may have.
TOLERANCE = 100


@dataclass(frozen=True)
class NetworkProblem(Problem):
    """A network to be applied to vectors.

    Parameters
    ----------
    columns : int
        Number of vectors.
    dtype : str
        Of the weights and of the vectors.
    is_fourier : bool
        Whether the network is the discrete Fourier transform.
    """

    columns: int = 1
    dtype: str = "float64"
    is_fourier: bool = False

    @cached_property
    def layers(self) -> Any:
        """The network."""
        return self.network()

    @cached_property
    def vectors(self) -> Array:
        """Normal random numbers, (inputs, columns)."""
        rng = np.random.default_rng(2)
        numbers = rng.standard_normal((2, self.layers.shape[1], self.columns))
        is_complex = np.dtype(self.dtype).kind == "c"
        return np.asarray(numbers[0] + 1j * numbers[1] if is_complex else numbers[0], self.dtype)


class NetworkApplier(Peer):
    """One way to apply a network. A subclass is one small file in peers/."""

    def refuses(self, problem: Problem) -> str | None:  # noqa: ARG002
        """Take every network."""
        return None

    def prepare(self, problem: Problem, threads: int) -> Callable[[], Answer]:
        """Refuse to count."""
        raise NotImplementedError(f"{self.name} applies networks and counts nothing")

    @abstractmethod
    def applier(self, net: cf.Network, threads: int) -> Callable[[Array], Array]:
        """Return what is timed: vectors in, a new array out.

        Parameters
        ----------
        net : cheapfast.Network
        threads : int
            How many threads the run may use.

        Returns
        -------
        callable
        """


def time_networks(
    workload: Workload, problem: Problem, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers return the same array up to rounding, then time them.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : NetworkProblem
        The workload at one size.
    peers : sequence of Peer
        Who takes part; those that are no NetworkApplier do not.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if the results differ.
    """
    assert isinstance(problem, NetworkProblem)
    results = Results()
    contestants: list[Contestant] = []
    arrays: dict[str, Array] = {}
    for peer in (peer for peer in peers if isinstance(peer, NetworkApplier)):
        reason = peer.missing() or peer.refuses(problem)
        if reason is not None:
            results.skips.append(Skip(workload.name, peer.name, reason))
            continue
        for threads in settings.threads if peer.threaded else (1,):
            run = partial(peer.applier(problem.layers, threads), problem.vectors)
            arrays[label(peer.name, threads)] = run()
            contestants.append(Contestant(peer.name, threads, run))
    if not all_close(list(arrays.values())):
        answers = {name: array_answer(array) for name, array in arrays.items()}
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


def all_close(arrays: list[Array]) -> bool:
    """Say whether arrays are equal up to rounding, in the 2-norm.

    Returns
    -------
    bool
    """
    for array in arrays[1:]:
        allowed = TOLERANCE * np.finfo(arrays[0].dtype).eps * np.linalg.norm(arrays[0])
        if array.shape != arrays[0].shape or not np.linalg.norm(array - arrays[0]) <= allowed:
            return False
    return True
