"""How long a call takes, once or over and over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


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


def fastest(call: Callable[[], object], enough: float = 0.003, least: int = 3) -> Timing:
    """Call a function over and over.

    Parameters
    ----------
    call : callable
    enough : float
        Seconds after which no further call begins.
    least : int
        Calls at least.

    Returns
    -------
    Timing
    """
    best, total, calls = float("inf"), 0.0, 0
    while calls < least or total < enough:
        seconds = stopped(call)[1].seconds
        best, total, calls = min(best, seconds), total + seconds, calls + 1
    return Timing(best, calls)
