"""The best that this machine does, measured within the run: the roof over every figure.

The time of an application is bounded from below by the bytes that must move, at the bandwidth of
the memory level that its data lies in, and by its operations, at the peak of multiply-adds in
registers (Williams, Waterman and Patterson, "Roofline: an insightful visual performance model",
CACM 2009).
Both are measured with the instruction set and the number of threads of the figure: reading an array
of half the level's size again and again, and updating one in place; and both right before and right
after it: the clock of a core may be half of what it was minutes ago.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cheapfast import _core

#: Seconds of one measurement, and how many there are: the best one counts.
SECONDS, ROUNDS = 0.01, 3

#: Bytes of a core's or the machine's caches where the system does not say.
USUAL = {"L1": 32 << 10, "L2": 1 << 20, "L3": 16 << 20}

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


@dataclass(frozen=True)
class Work:
    """What one application has to do.

    Parameters
    ----------
    read, written : int
        Bytes that must move at least once.
    resident : int
        Bytes of all operands together: they decide which level of memory is meant.
    flops : int
        Real additions and multiplications.
    single : bool
        Whether they are of single precision.
    """

    read: int
    written: int
    resident: int
    flops: int
    single: bool


@dataclass(frozen=True)
class Roof:
    """How near a time is to what the machine allows.

    Parameters
    ----------
    level : str
        Where the data lies: ``L1``, ``L2``, ``L3`` or ``memory``.
    bandwidth_share : float
        Least time to move the bytes, divided by the time that was taken.
    flops_per_second : float
        Operations divided by the time.
    flop_share : float
        The same, divided by the peak.
    """

    level: str
    bandwidth_share: float
    flops_per_second: float
    flop_share: float

    def __str__(self) -> str:
        if self.flop_share > self.bandwidth_share:
            return f"{self.flops_per_second / 1e9:.3g} GFLOP/s, {self.flop_share:.0%}"
        return f"{self.level} {self.bandwidth_share:.0%}"


class Rates(NamedTuple):
    """Bytes and operations a second; an update counts each byte twice, read and written."""

    read: float
    update: float
    flops: float


def roof(work: Work, seconds: float, threads: int, rates: Rates) -> Roof:
    """Compare a time with the least that this machine allows.

    Parameters
    ----------
    work : Work
        What was done.
    seconds : float
        In which time.
    threads : int
        On how many threads.
    rates : Rates
        What was measured for that work and so many threads.

    Returns
    -------
    Roof

    Notes
    -----
    Every byte written is paired with one that is read, at the bandwidth of an update in place; what
    is read beyond that goes at the bandwidth of reading.
    """
    level = level_of(work.resident, threads)
    least = 2 * work.written / rates.update + max(0, work.read - work.written) / rates.read
    flops = work.flops / seconds
    return Roof(level, least / seconds, flops, flops / rates.flops)


def measure_rates(work: Work, threads: int) -> Rates:
    """Measure what this machine does now, with the instruction set in use.

    Parameters
    ----------
    work : Work
        Its data say which level of memory, and it says which precision.
    threads : int
        So many at the same time, each on its part.

    Returns
    -------
    Rates
    """
    level, sizes = level_of(work.resident, threads), cache_sizes()
    each = 1 if level in {"L3", "memory"} else threads
    data = _ones(4 * sizes["L3"] if level == "memory" else sizes[level] // 2 * each)
    _, flops = _core.iterate(0.5, work.single, 1, threads)
    reads = _rate(lambda count: _core.stream_read(data, count, threads))
    updates = _rate(lambda count: _core.stream_update(data, 1.0, count, threads))
    steps = _rate(lambda count: _core.iterate(0.5, work.single, count, threads))
    return Rates(reads * data.nbytes, 2 * updates * data.nbytes, steps * flops)


def better(one: Rates, other: Rates) -> Rates:
    """Return the best of each.

    Parameters
    ----------
    one, other : Rates
        Of the same work.

    Returns
    -------
    Rates
    """
    return Rates(*map(max, one, other))


def level_of(resident: int, threads: int) -> str:
    """Return the nearest level of memory that holds so many bytes.

    Parameters
    ----------
    resident : int
        Bytes.
    threads : int
        Each brings the first two levels of its core along.

    Returns
    -------
    str
    """
    for level, size in cache_sizes().items():
        if resident <= size * (1 if level == "L3" else threads):
            return level
    return "memory"


@cache
def cache_sizes() -> dict[str, int]:
    """Return the bytes of the data caches: of one core, and of the last level.

    Returns
    -------
    dict
        What the system says, else usual sizes.
    """
    sizes = dict(USUAL)
    for folder in _CACHES.glob("index*"):
        try:
            kind = (folder / "type").read_text(encoding="ascii").strip()
            level = f"L{(folder / 'level').read_text(encoding='ascii').strip()}"
            text = (folder / "size").read_text(encoding="ascii").strip()
        except OSError:
            continue
        if kind != "Instruction" and level in sizes and text.endswith("K"):
            sizes[level] = int(text[:-1]) << 10
    return sizes


def _rate(run: Callable[[int], Any]) -> float:
    """Return how many repeats a second `run` does at best."""
    count = 1
    while (seconds := _seconds(run, count)) < SECONDS:
        count = max(2 * count, int(count * SECONDS / max(seconds, 1e-6)))
    return count / min(seconds, *(_seconds(run, count) for _ in range(ROUNDS)))


def _seconds(run: Callable[[int], Any], count: int) -> float:
    begin = time.perf_counter()
    run(count)
    return time.perf_counter() - begin


@cache
def _ones(size: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return so many bytes from a line of the cache on; written, so that they have memory."""
    data = np.ones(size // 4 + 16, np.float32)
    first = -data.ctypes.data % 64 // 4
    return data[first : first + size // 4]
