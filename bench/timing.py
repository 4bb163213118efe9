"""Timing peers against each other: equal answers first, then turn by turn."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cheapfast import _memory

from .model import Answer, Peer, Problem, Workload
from .results import Figure, Mismatch, Results, Skip

#: The share of the available memory that a peer may be predicted to need.
MEMORY_SHARE = 0.8

#: OpenMP's threads go on spinning after a call, up to 0.2 s with Intel's runtime, on a core that
#: the next peer is about to use: they are told to sleep instead.
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Parameters
    ----------
    size : str
        Which size of each workload.
    repeat : int
        Measurements of each peer.
    threads : tuple of int
        Each number of threads is measured.
    max_seconds : float
        A peer that has used so much on one workload is not repeated any more.
    """

    size: str = "full"
    repeat: int = 5
    threads: tuple[int, ...] = (1,)
    max_seconds: float = 60.0


@dataclass
class Contestant:
    """A peer ready to run, and its times so far.

    Parameters
    ----------
    peer : str
        Name of the peer.
    threads : int
        Threads it is allowed.
    run : callable
        What is timed.
    seconds : list of float
        Times so far.
    """

    peer: str
    threads: int
    run: Callable[[], Answer]
    seconds: list[float] = field(default_factory=list)


def time_workload(
    workload: Workload, problem: Problem, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers agree, then time them.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Problem
        The workload at one size.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if the answers differ.
    """
    results = Results()
    contestants = _line_up(workload, problem, peers, settings, results)
    answers = _answers(workload, contestants, results)
    if problem.flat is not None:
        answers["formula"] = Answer(problem.flat, problem.synapses)
    if len(set(answers.values())) > 1:
        results.mismatches.append(Mismatch(workload.name, answers))
        return results
    ready = [entry for entry in contestants if label(entry.peer, entry.threads) in answers]
    _take_turns(ready, settings)
    answer = next(iter(answers.values()), None)
    # two settings of one peer do not check each other
    voices = {entry.peer for entry in ready} | ({"formula"} & answers.keys())
    results.figures += [
        Figure(
            workload.name,
            workload.measure,
            entry.peer,
            entry.threads,
            tuple(entry.seconds),
            answer,
            checked=len(voices) > 1,
        )
        for entry in ready
    ]
    return results


def let_openmp_sleep() -> None:
    """Set the environment that the peers' OpenMP runtimes read when they are loaded."""
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)


def label(peer: str, threads: int) -> str:
    """Name a peer and its threads.

    Returns
    -------
    str
    """
    return peer if threads == 1 else f"{peer} ({threads} threads)"


def refusal(peer: Peer, problem: Problem) -> str | None:
    """Say why a peer does not take part in a problem.

    Parameters
    ----------
    peer : Peer
        Who.
    problem : Problem
        What.

    Returns
    -------
    str or None
        None if it takes part.
    """
    reason = peer.missing() or peer.refuses(problem)
    if reason is None:
        needed = peer.predicted_bytes(problem)
        allowed = int(_memory.available_bytes() * MEMORY_SHARE)
        if needed > allowed:
            reason = (
                f"may need {_memory.human(needed)} of memory, "
                f"{_memory.human(allowed)} are allowed ({MEMORY_SHARE:.0%} of what is available)"
            )
    return reason


def _line_up(
    workload: Workload,
    problem: Problem,
    peers: Iterable[Peer],
    settings: Settings,
    results: Results,
) -> list[Contestant]:
    contestants = []
    for peer in peers:
        reason = refusal(peer, problem)
        if reason is not None:
            results.skips.append(Skip(workload.name, peer.name, reason))
            continue
        # a peer of one thread runs once, and stands beside every setting in the tables
        for threads in settings.threads if peer.threaded else (1,):
            run = peer.prepare(problem, threads)
            contestants.append(Contestant(peer.name, threads, run))
    return contestants


def _answers(
    workload: Workload, contestants: Iterable[Contestant], results: Results
) -> dict[str, Answer]:
    answers = {}
    for entry in contestants:
        try:
            answers[label(entry.peer, entry.threads)] = entry.run()
        except MemoryError as error:
            reason = f"out of memory: {error}" if str(error) else "out of memory"
            results.skips.append(Skip(workload.name, label(entry.peer, entry.threads), reason))
        except Exception as error:
            # another library's failure must not lose the other figures; our own is a defect
            if entry.peer.startswith("cheapfast"):
                raise
            reason = f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
            results.skips.append(Skip(workload.name, label(entry.peer, entry.threads), reason))
    return answers


def _take_turns(contestants: Sequence[Contestant], settings: Settings) -> None:
    # Round robin: a disturbance of the machine hits all peers alike.
    for _ in range(settings.repeat):
        gc.collect()  # and not while something is timed
        for entry in contestants:
            if not entry.seconds or sum(entry.seconds) < settings.max_seconds:
                entry.seconds.append(_seconds(entry.run))


def _seconds(run: Callable[[], Answer]) -> float:
    gc.disable()
    try:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin
    finally:
        gc.enable()
