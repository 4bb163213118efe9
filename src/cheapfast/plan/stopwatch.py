"""Timing a function that takes micro- to milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable

_ENOUGH = 0.003  # seconds of repetitions


def fastest(run: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some runs, three at least.

    Parameters
    ----------
    run : callable

    Returns
    -------
    float
        The least: what the machine does when nothing disturbs it.
    """
    best, total, runs = float("inf"), 0.0, 0
    while runs < 3 or total < _ENOUGH:
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        best, total, runs = min(best, seconds), total + seconds, runs + 1
    return best
