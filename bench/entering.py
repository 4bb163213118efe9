"""Who takes part in a measurement: peers prepared, and run once for a result to be checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from cheapfast import _memory

from .model import Peer, Problem, Workload
from .results import Results, Skip
from .runtimes import hold_openblas_to_one_thread
from .timing import Contestant, Settings, label

#: The share of the available memory that a peer may be predicted to need.
MEMORY_SHARE = 0.8


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


def entries(
    workload: Workload,
    problem: Problem,
    peers: Iterable[Peer],
    settings: Settings,
    results: Results,
) -> Iterator[tuple[Peer, int]]:
    """Go through all peers that take part, and all numbers of threads of each.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Problem
        The workload at one size.
    peers : iterable of Peer
        Who may take part; one that solves other problems is passed over.
    settings : Settings
        How to measure.
    results : Results
        Takes the peers that are left out.

    Yields
    ------
    (Peer, int)
    """
    for peer in peers:
        if not isinstance(problem, peer.solves):
            continue
        reason = refusal(peer, problem)
        if reason is not None:
            results.skips.append(Skip(workload.name, peer.name, reason))
            continue
        # a peer of one thread runs once, and stands beside every setting in the tables
        for threads in settings.threads if peer.threaded else (1,):
            yield peer, threads


def line_up(
    workload: Workload,
    problem: Problem,
    peers: Iterable[Peer],
    settings: Settings,
    results: Results,
) -> list[Contestant]:
    """Prepare all peers that take part; parameters as for `entries`.

    Returns
    -------
    list of Contestant
    """
    contestants = []
    for peer, threads in entries(workload, problem, peers, settings, results):
        prepare = partial(peer.prepare, problem, threads)
        run = _guarded(workload, peer.name, threads, results, prepare)
        if run is not None:
            contestants.append(Contestant(peer.name, threads, run[0], peer.error_factor))
    hold_openblas_to_one_thread()  # after the peers have loaded it
    return contestants


def first_runs(
    workload: Workload,
    contestants: Iterable[Contestant],
    results: Results,
    before: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Contestant, Any]]:
    """Run each contestant once, for its result.

    Parameters
    ----------
    workload : Workload
        What is measured.
    contestants : iterable of Contestant
        Who.
    results : Results
        Takes those that fail.
    before : callable, optional
        Called before each run.

    Yields
    ------
    (Contestant, result)
        Who, and what it returned.
    """
    for entry in contestants:
        before()
        begin = time.perf_counter()
        result = _guarded(workload, entry.peer, entry.threads, results, entry.run)
        entry.first = time.perf_counter() - begin
        if result is not None:
            yield entry, result[0]


def _guarded(
    workload: Workload, peer: str, threads: int, results: Results, call: Callable[[], Any]
) -> tuple[Any] | None:
    """Call, and note what fails: another library's failure must not lose the other figures."""
    try:
        return (call(),)
    except MemoryError as error:
        reason = f"out of memory: {error}" if str(error) else "out of memory"
    except Exception as error:
        if peer.startswith("cheapfast"):  # our own failure is a defect
            raise
        reason = f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
    results.skips.append(Skip(workload.name, label(peer, threads), reason))
    return None
