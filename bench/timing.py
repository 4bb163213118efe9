"""What all measurements share: how to measure, contestants, and taking turns."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .model import Workload
from .results import Figure

#: A measurement repeats a call until it takes so long: some calls take less than a microsecond, and
#: what a call finds in the caches should be what it left there, not what the peer before it did.
MEASURED_SECONDS = 0.02

#: Calls of which the quickest says how often to repeat. One that is disturbed would be repeated too
#: seldom, and find nothing in the caches that the other peers find there.
SOUNDINGS = 5


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


def label(peer: str, threads: int) -> str:
    """Name a peer and its threads.

    Returns
    -------
    str
    """
    return peer if threads == 1 else f"{peer} ({threads} threads)"


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
