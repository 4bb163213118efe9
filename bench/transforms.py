"""Timing transforms of arrays: one result first, the same for all, then turn by turn in place."""

from __future__ import annotations

import gc
import time
import zlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .model import Answer, Peer, Problem, Workload
from .results import Figure, Mismatch, Results, Skip
from .timing import Settings, label

#: A measurement repeats a call until it takes so long: some calls take less than a microsecond.
MEASURED_SECONDS = 0.004

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class ArrayProblem(Problem):
    """An array whose last axis is to be transformed.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    dtype : str
        Of the array.
    """

    shape: tuple[int, ...] = (1,)
    dtype: str = "float64"

    def values(self) -> Array:
        """Return small integers: sums of them are exact, so that results can be compared."""
        rng = np.random.default_rng(1)
        return rng.integers(0, 2, self.shape, np.int8).astype(self.dtype)


class Transformer(Peer):
    """One way to transform an array in place. A subclass is one small file in peers/."""

    def prepare(self, problem: Problem, threads: int) -> Callable[[], Answer]:
        """Refuse to count."""
        raise NotImplementedError(f"{self.name} transforms arrays and counts nothing")

    @abstractmethod
    def transformer(self, x: Array, threads: int) -> Callable[[], Any]:
        """Return what is timed: a call that transforms the last axis of x, in place.

        Parameters
        ----------
        x : ndarray
            What to transform.
        threads : int
            How many threads the run may use.

        Returns
        -------
        callable
            What it returns, if not None, is the result instead of x.
        """


@dataclass
class Contestant:
    """A peer and its times so far.

    Parameters
    ----------
    peer : str
        Name of the peer.
    threads : int
        Threads it is allowed.
    run : callable
        What is timed.
    loops : int
        Calls a measurement.
    seconds : list of float
        Times of one call.
    """

    peer: str
    threads: int
    run: Callable[[], Any]
    loops: int = 1
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> float:
        """Return the seconds of all calls of one measurement."""
        begin = time.perf_counter()
        for _ in range(self.loops):
            self.run()
        return time.perf_counter() - begin


def time_transforms(
    workload: Workload, problem: Problem, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers return the same array, then time them.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : ArrayProblem
        The workload at one size.
    peers : sequence of Peer
        Who takes part; those that are no Transformer do not.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if the results differ.
    """
    assert isinstance(problem, ArrayProblem)
    results = Results()
    contestants: list[Contestant] = []
    answers: dict[str, Answer] = {}
    x = problem.values()
    for peer in (peer for peer in peers if isinstance(peer, Transformer)):
        reason = peer.missing() or peer.refuses(problem)
        if reason is not None:
            results.skips.append(Skip(workload.name, peer.name, reason))
            continue
        for threads in settings.threads if peer.threaded else (1,):
            x[...] = problem.values()
            run = peer.transformer(x, threads)
            answers[label(peer.name, threads)] = _answer(run(), x)
            contestants.append(Contestant(peer.name, threads, run))
    if len(set(answers.values())) > 1:
        results.mismatches.append(Mismatch(workload.name, answers))
        return results
    x[...] = 0  # repeated transforms of anything else would overflow
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


def _answer(returned: Any, x: Array) -> Answer:
    return array_answer((x if returned is None else np.asarray(returned)).astype(x.dtype))


def array_answer(result: Array) -> Answer:
    """Reduce an array to what can be compared.

    Returns
    -------
    Answer
        Equal for arrays of equal values.
    """
    # adding zero makes +0.0 of -0.0, which is equal and looks different
    return Answer(zlib.crc32(np.ascontiguousarray(result + 0).tobytes()), result.size)


def take_turns(contestants: Sequence[Contestant], settings: Settings) -> None:
    """Time all of them, `settings.repeat` rounds.

    Parameters
    ----------
    contestants : sequence of Contestant
        Who; their `seconds` are filled.
    settings : Settings
        How to measure.
    """
    # Round robin, as for counts: a disturbance of the machine hits all peers alike.
    for entry in contestants:
        once = min(entry.measure(), entry.measure())
        entry.loops = max(1, int(MEASURED_SECONDS / max(once, 1e-7)))
    gc.collect()
    gc.disable()
    try:
        for _ in range(settings.repeat):
            for entry in contestants:
                if sum(entry.seconds) * entry.loops < settings.max_seconds or not entry.seconds:
                    entry.seconds.append(entry.measure() / entry.loops)
    finally:
        gc.enable()
