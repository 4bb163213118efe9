"""The cheapest way to merge neighbours, and the first that pays."""

from __future__ import annotations

import math
from typing import NamedTuple

from cheapfast.flattening.prices import START, Choice, End, Group, Prices


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
    size = len(prices.layers)
    # position and end of the last group -> the best partition so far
    best: dict[tuple[int, End], _Partial] = {(0, START): _Partial(0.0, 0, 0.0, 0.0, ())}
    for start in range(size):
        for end in [end for place, end in best if place == start]:
            before = best[start, end]
            for stop in range(start + 1, size + 1):
                for merged in (False, True):
                    # a single layer is never merged; what stays apart is one group
                    if (merged and stop == start + 1) or (
                        not merged and start > 0 and not end.merged
                    ):
                        continue
                    group = Group(start, stop, merged)
                    reached, after = _extended(before, group, end, prices, applications)
                    known = best.get((stop, after))
                    if known is None or reached[:2] < known[:2]:
                        best[stop, after] = reached
    found = min(
        (part for (place, _), part in best.items() if place == size), key=lambda part: part[:2]
    )
    return Choice(found.build, found.apply, found.groups)


class _Partial(NamedTuple):
    cost: float
    merged_layers: int
    build: float
    apply: float
    groups: tuple[Group, ...]


def _extended(
    before: _Partial, group: Group, end: End, prices: Prices, applications: float
) -> tuple[_Partial, End]:
    build, apply, after = prices.step(group, end)
    cost = total_seconds(build, apply, applications)
    merged = group.stop - group.start if group.merged else 0
    return (
        _Partial(
            before.cost + cost,
            before.merged_layers + merged,
            before.build + build,
            before.apply + apply,
            (*before.groups, group),
        ),
        after,
    )


def total_seconds(build: float, apply: float, applications: float) -> float:
    """Return build + applications * apply; only `apply` where the applications never end.

    Parameters
    ----------
    build, apply, applications : float

    Returns
    -------
    float
    """
    if math.isinf(applications):
        return apply if math.isfinite(build) else math.inf
    return build + applications * apply


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
