"""How long a call takes, once or over and over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

#: Seconds that calls are repeated for.
ENOUGH = 0.5


@dataclass(frozen=True)
class Timing:
    """What a call took.

    Parameters
    ----------
    seconds : float
        The fastest call: what the machine does when nothing disturbs it.
    calls : int
        Among how many.
    """

    seconds: float
    calls: int


def stopped(call: Callable[[], T]) -> tuple[T, Timing]:
    """Call a function once.

    Parameters
    ----------
    call : callable

    Returns
    -------
    result : object
    timing : Timing
    """
    begin = time.perf_counter()
    result = call()
    return result, Timing(time.perf_counter() - begin, 1)


def timed(call: Callable[[], object], expected: float) -> Timing:
    """Call a function for about half a second, once at least.

    Parameters
    ----------
    call : callable
    expected : float
        Seconds of one call, from which the number of calls follows.

    Returns
    -------
    Timing
    """
    calls = max(1, min(10_000, int(ENOUGH / max(expected, 1e-9))))
    return Timing(min(stopped(call)[1].seconds for _ in range(calls)), calls)
