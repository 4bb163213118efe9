"""The cheapest way to merge neighbours where what stays apart is priced together, pass by pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cheapfast.plan import make_plan
from cheapfast.plan.csr_chain import folds
from cheapfast.plan.seconds import SPARSE_PASSES, Pricer

if TYPE_CHECKING:
    from cheapfast.flattening.intervals import Intervals
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape


class Group(NamedTuple):
    """Neighbouring layers: merged, or kept apart and applied together.

    Parameters
    ----------
    start, stop : int
        The layers `start` to `stop - 1`.
    merged : bool
    """

    start: int
    stop: int
    merged: bool


class Choice(NamedTuple):
    """A partition of a linear run, and what it takes.

    Parameters
    ----------
    build_seconds : float
        To multiply the groups out.
    apply_seconds : float
        To apply all groups once.
    groups : tuple of Group
    """

    build_seconds: float
    apply_seconds: float
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Apart:
    """Neighbours that are not merged.

    Parameters
    ----------
    seconds : tuple of float
        Of each layer, the passes fused as they would be.
    first_sparse, last_sparse : bool
        Whether the first and the last pass are sparse ones, which a merged neighbour would join.
    """

    seconds: tuple[float, ...]
    first_sparse: bool
    last_sparse: bool


class Prices:
    """What the groups of a linear run cost.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    intervals : Intervals
        Their products.
    pricer : Pricer
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        shapes: Sequence[Shape],
        intervals: Intervals,
        pricer: Pricer,
    ) -> None:
        self.layers, self.shapes, self.intervals = tuple(layers), tuple(shapes), intervals
        self._pricer = pricer
        self._apart: dict[tuple[int, int, bool], Apart] = {}
        self._passes: dict[tuple[int, int, str], tuple[float, ...]] = {}

    @property
    def pass_seconds(self) -> float:
        """What a pass costs that does not join the one before."""
        return self._pricer.machine.rate("pass")

    def apart(self, start: int, stop: int, after_merged: bool) -> Apart:
        """Price layers that are not merged.

        Parameters
        ----------
        start, stop : int
        after_merged : bool
            Whether a merged group comes before: permutations are then folded into it.

        Returns
        -------
        Apart
        """
        key = (start, stop, after_merged)
        if key not in self._apart:
            self._apart[key] = self._price(start, stop, after_merged)
        return self._apart[key]

    def _price(self, start: int, stop: int, after_merged: bool) -> Apart:
        first = start
        while after_merged and first < stop and folds(self.layers[first], self._pricer.vectors.dtype):
            first += 1
        seconds = [0.0] * (first - start)
        if first == stop:
            return Apart(tuple(seconds), True, True)
        steps = make_plan(self.layers[first:stop], self.shapes[first:stop]).passes
        for step in steps:
            cached = (first + step.start, first + step.stop, step.kernel)
            if cached not in self._passes:
                took = self._pricer.passed(step, self.layers[first:stop])
                assert took is not None, "a linear run holds no Operator"
                self._passes[cached] = tuple(took)
            seconds += self._passes[cached]
        sparse = [step.kernel in SPARSE_PASSES for step in steps]
        return Apart(tuple(seconds), sparse[0], sparse[-1])

    def cost(self, groups: Sequence[Group]) -> Choice:
        """Price a partition; two groups kept apart must not be neighbours.

        Parameters
        ----------
        groups : sequence of Group

        Returns
        -------
        Choice
        """
        build = apply = 0.0
        after = _START
        for group in groups:
            added_build, added_apply, after = self.step(group, after)
            build, apply = build + added_build, apply + added_apply
        return Choice(build, apply, tuple(groups))

    def step(self, group: Group, after: _End) -> tuple[float, float, _End]:
        """Price one group behind another.

        Parameters
        ----------
        group : Group
        after : _End
            What the group before ends with.

        Returns
        -------
        build, apply : float
            Seconds.
        end : _End
            What this one ends with.
        """
        if group.merged:
            merged = self.intervals.merged(group.start, group.stop)
            joined = 0.0 if after.sparse else self.pass_seconds
            return merged.build_seconds, merged.apply_seconds + joined, _End(True, True)
        apart = self.apart(group.start, group.stop, after.merged)
        seconds = sum(apart.seconds)
        if after.merged and apart.first_sparse and seconds > 0:
            seconds -= self.pass_seconds
        return 0.0, seconds, _End(False, apart.last_sparse)


class _End(NamedTuple):
    """How a partition of the first layers ends: what the price of the next group depends on."""

    merged: bool
    sparse: bool


_START = _End(False, False)


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
    best: dict[tuple[int, _End], _Partial] = {(0, _START): _Partial(0.0, 0, 0.0, 0.0, ())}
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
    before: _Partial, group: Group, end: _End, prices: Prices, applications: float
) -> tuple[_Partial, _End]:
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
