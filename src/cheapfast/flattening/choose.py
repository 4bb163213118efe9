"""The cheapest way to merge neighbours, and the first that pays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.flattening.prices import START, Choice, End, Group, Prices

Array = npt.NDArray[Any]


def cheapest(prices: Prices, applications: float) -> Choice:
    """Find the partition that takes the least time, multiplying out included.

    Parameters
    ----------
    prices : Prices
    applications : float
        How many times the network is applied; infinite leaves out what multiplying costs.

    Returns
    -------
    Choice
        Among equals the one that merges fewer layers.

    Notes
    -----
    A dynamic program over the end of the last group, and whether that is merged: layers that stay
    apart are one group as long as possible, since a pass may fuse them. O(n^2) groups.
    """
    states = _States(len(prices.layers))
    for start in range(states.size):
        for end in states.ends[start]:
            ahead = prices.ahead(start, _ENDS[end])
            if start == 0 or _ENDS[end].merged:  # what stays apart is one group
                after = np.where(ahead.sparse, _SPARSE, _NOT_SPARSE)
                build = np.zeros_like(ahead.apart)
                states.extend(start, end, after, build, ahead.apart, applications)
            # a single layer is never merged
            after = np.full(len(ahead.apply), _MERGED)
            states.extend(start, end, after, ahead.build, ahead.apply, applications)
    return states.best()


#: How a partition can end.
_ENDS = (START, End(False, True), End(True, True))
_NOT_SPARSE, _SPARSE, _MERGED = range(3)


class _States:
    """The best partitions of the first layers, by their number and by how they end.

    Parameters
    ----------
    size : int
        Number of layers.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        shape = (len(_ENDS), size + 1)
        # seconds, merged layers included; and how many layers are merged: more than all if unknown
        self._cost, self._merged = np.full(shape, math.inf), np.full(shape, size + 1)
        self._build, self._apply = np.zeros(shape), np.zeros(shape)
        # where the last group starts, and how the partition before it ends
        self._start, self._before = np.zeros(shape, int), np.zeros(shape, int)
        self.ends: list[list[int]] = [[] for _ in range(size + 1)]  # in the order of their finding
        self.ends[0].append(_NOT_SPARSE)
        self._cost[_NOT_SPARSE, 0] = self._merged[_NOT_SPARSE, 0] = 0

    def extend(
        self, start: int, end: int, after: Array, build: Array, apply: Array, applications: float
    ) -> None:
        """Put one more group behind a partition: all that end later, `after` being their ends."""
        stops = np.arange(self.size + 1 - len(after), self.size + 1)
        cost = self._cost[end, start] + total_seconds(build, apply, applications)
        merged = self._merged[end, start] + np.where(after == _MERGED, stops - start, 0)
        known, known_merged = self._cost[after, stops], self._merged[after, stops]
        better = (cost < known) | ((cost == known) & (merged < known_merged))
        found = better & (known_merged > self.size)
        for which, stop in zip(after[found].tolist(), stops[found].tolist(), strict=True):
            self.ends[stop].append(which)
        place = after[better], stops[better]
        self._cost[place], self._merged[place] = cost[better], merged[better]
        self._build[place] = self._build[end, start] + build[better]
        self._apply[place] = self._apply[end, start] + apply[better]
        self._start[place], self._before[place] = start, end

    def best(self) -> Choice:
        """Return the best partition of all layers."""
        stop = self.size
        end = min(self.ends[stop], key=lambda end: (self._cost[end, stop], self._merged[end, stop]))
        build, apply = float(self._build[end, stop]), float(self._apply[end, stop])
        groups: list[Group] = []
        while stop:
            start = int(self._start[end, stop])
            groups.append(Group(start, stop, end == _MERGED))
            end, stop = int(self._before[end, stop]), start
        return Choice(build, apply, tuple(reversed(groups)))


def total_seconds(build: Any, apply: Any, applications: float) -> Any:
    """Return build + applications * apply; only `apply` where the applications never end.

    Parameters
    ----------
    build, apply : float or ndarray
    applications : float

    Returns
    -------
    float or ndarray
    """
    if math.isinf(applications):
        return np.where(np.isfinite(build), apply, math.inf)[()]  # a number of numbers
    return build + float(applications) * apply  # an int may be larger than any of NumPy's


def whole(size: int) -> tuple[Group, ...]:
    """Return the partition that merges everything.

    Parameters
    ----------
    size : int

    Returns
    -------
    tuple of Group
    """
    return (Group(0, size, size > 1),)


def none(size: int) -> tuple[Group, ...]:
    """Return the partition that merges nothing.

    Parameters
    ----------
    size : int

    Returns
    -------
    tuple of Group
    """
    return (Group(0, size, False),)


def first_to_pay(prices: Prices) -> Choice | None:
    """Return the partition that is the first to pay as applications become more.

    Parameters
    ----------
    prices : Prices

    Returns
    -------
    Choice or None
        None if merging never pays.

    Notes
    -----
    The least build / (apart - apply) over all partitions, by Dinkelbach's iteration: the best
    partition for as many applications as the last one needs has a ratio no larger.
    """
    apart = prices.cost(none(len(prices.layers)))
    best = cheapest(prices, math.inf)
    if not _gains(apart, best):
        return None
    while True:
        ratio = best.build_seconds / (apart.apply_seconds - best.apply_seconds)
        rival = cheapest(prices, ratio)
        if not _gains(apart, rival):
            return best
        improved = rival.build_seconds / (apart.apply_seconds - rival.apply_seconds)
        if improved >= ratio * (1 - 1e-9):
            return best
        best = rival


def _gains(apart: Choice, other: Choice) -> bool:
    merges = any(group.merged for group in other.groups)
    return merges and other.apply_seconds < apart.apply_seconds
