"""What all measurements share: who takes part, first runs to be checked, and taking turns."""

from __future__ import annotations

import gc
import os
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cheapfast import _memory

from .model import Peer, Problem, Workload
from .results import Figure, Results, Skip

#: The share of the available memory that a peer may be predicted to need.
MEMORY_SHARE = 0.8

#: A measurement repeats a call until it takes so long: some calls take less than a microsecond, and
#: what a call finds in the caches should be what it left there, not what the peer before it did.
MEASURED_SECONDS = 0.02

#: Calls of which the quickest says how often to repeat. One that is disturbed would be repeated too
#: seldom, and find nothing in the caches that the other peers find there.
SOUNDINGS = 5

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
    error_factor : float
        That of the peer.
    first : float
        Seconds of the run whose result was checked.
    loops : int
        Calls a measurement.
    values : list of float
        What was measured: seconds of one call.
    """

    peer: str
    threads: int
    run: Callable[[], Any]
    error_factor: float = 1.0
    first: float = 0.0
    loops: int = 1
    values: list[float] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Its name and its threads."""
        return label(self.peer, self.threads)

    @property
    def spent(self) -> float:
        """Seconds that its measurements have taken."""
        return sum(self.values) * self.loops

    def measure(self) -> float:
        """Return the seconds of one call, the mean of `loops` calls.

        Where that is more than one, a call that is not timed comes first, as everywhere: it brings
        data and code back to the caches, and the threads of a pool to their cores.
        """
        if self.loops > 1:
            self.run()
        begin = time.perf_counter()
        for _ in range(self.loops):
            self.run()
        return (time.perf_counter() - begin) / self.loops


def let_openmp_sleep() -> None:
    """Set the environment that the peers' OpenMP runtimes read when they are loaded."""
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)


def hold_openblas_to_one_thread() -> None:
    """Let OpenBLAS, which NumPy multiplies with, take one core, as the tables say that it does.

    Its threads would also spin on the other core for 80 ms after a product, while the next peer is
    timed. Without threadpoolctl nothing is changed, and a warning says so.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        warnings.warn(
            "NumPy's products may take all cores, and disturb what is timed after them: "
            "pip install threadpoolctl",
            stacklevel=2,
        )
        return
    with warnings.catch_warnings():
        # other libraries that it finds beside each other, as peers bring them, are not touched
        warnings.filterwarnings("ignore", r"\s*Found Intel OpenMP", RuntimeWarning)
        controller = ThreadpoolController()
    controller.select(internal_api="openblas").limit(limits=1)


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


def set_loops(contestants: Iterable[Contestant]) -> None:
    """Let short calls be repeated within a measurement, which would else time the clock.

    Parameters
    ----------
    contestants : iterable of Contestant
        Their `loops` are set.
    """
    for entry in contestants:
        if entry.first < 2 * MEASURED_SECONDS:  # the first run may have been a slow one
            once = min(entry.measure() for _ in range(SOUNDINGS))
            entry.loops = max(1, int(MEASURED_SECONDS / max(once, 1e-7)))


def take_turns(contestants: Sequence[Contestant], settings: Settings) -> None:
    """Time all of them, `settings.repeat` rounds.

    Parameters
    ----------
    contestants : sequence of Contestant
        Who; their `seconds` are filled.
    settings : Settings
        How to measure.
    """
    # Round robin: a disturbance of the machine hits all peers alike.
    for _ in range(settings.repeat):
        gc.collect()  # and not while something is timed
        gc.disable()
        try:
            for entry in contestants:
                if not entry.values or entry.spent < settings.max_seconds:
                    entry.values.append(entry.measure())
        finally:
            gc.enable()


def to_figures(
    workload: Workload,
    contestants: Iterable[Contestant],
    answer: Any = None,
    others: Collection[str] = (),
) -> list[Figure]:
    """Turn times into figures.

    Parameters
    ----------
    workload : Workload
        What was measured.
    contestants : iterable of Contestant
        Who, with equal results.
    answer : Answer, optional
        What they counted.
    others : collection of str, optional
        Who else gave that answer: a formula.

    Returns
    -------
    list of Figure
    """
    contestants = list(contestants)
    # two settings of one peer do not check each other
    voices = {entry.peer for entry in contestants} | set(others)
    return [
        Figure(
            *(workload.name, workload.measure, entry.peer, entry.threads, tuple(entry.values)),
            answer=answer,
            checked=len(voices) > 1,
        )
        for entry in contestants
    ]


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
