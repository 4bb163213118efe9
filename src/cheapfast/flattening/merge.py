"""Fuse or apply: which neighbouring layers to multiply out so that applying takes least time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np

from cheapfast._progress import reporting
from cheapfast._validate import choice, integer, size_of
from cheapfast.counting.structural import count_prefixes
from cheapfast.flattening.choose import (
    Choice,
    Group,
    Prices,
    cheapest,
    none,
    total_seconds,
    whole,
)
from cheapfast.flattening.intervals import Intervals, available
from cheapfast.flattening.merge_plan import MergeGroup, MergePlan, Timing
from cheapfast.flattening.partition import least_partitions
from cheapfast.network import Network
from cheapfast.plan import is_opaque, make_plan
from cheapfast.plan.calibrate import machine as this_machine
from cheapfast.plan.cost import weight_bytes
from cheapfast.plan.seconds import Pricer, Vectors

Objective = Literal["synapses", "time"]
ProgressArgument = bool | Callable[[int, int], None] | None


def merge(
    net: Network,
    *,
    objective: Objective = "synapses",
    applications: int = 1,
    batch: int = 1,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> Network:
    """Multiply neighbouring layers out where that pays.

    Parameters
    ----------
    net, objective, applications, batch, threads, memory_limit, progress
        As for `plan_merge`.

    Returns
    -------
    Network
        The same map; layers that are not merged are taken as they are.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be.
    MemoryError
        Before a product that would not fit.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.chain(np.ones((4, 1)), np.ones((1, 4)), np.ones((4, 1)))
    >>> net.synapses, cf.merge(net).synapses
    (12, 4)
    """
    return plan_merge(
        net,
        objective=objective,
        applications=applications,
        batch=batch,
        threads=threads,
        memory_limit=memory_limit,
        progress=progress,
    ).network


def plan_merge(
    net: Network,
    *,
    objective: Objective = "synapses",
    applications: int = 1,
    batch: int = 1,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> MergePlan:
    r"""Choose which neighbouring layers to multiply out; nothing is multiplied yet.

    Parameters
    ----------
    net : Network
        Any network. Runs of linear layers are merged, biases included; activations and Operators
        stay where they are.
    objective : {"synapses", "time"}, optional
        "synapses": the fewest nonzeros, counted exactly. "time": the least predicted time of
        multiplying out once and applying `applications` times.
    applications : int, optional
        How many times the network will be applied, at least 1.
    batch : int, optional
        To how many vectors at a time, at least 1.
    threads : int, optional
        As for `Network.apply`; what is predicted is for as many.
    memory_limit : int or str, optional
        Bytes that products may take, such as ``"8G"``; by default the memory available now. With
        ``objective="time"``, a product that would need more is not considered.
    progress : bool or callable, optional
        True shows a bar on a terminal; a callable is called as ``progress(done, total)``.

    Returns
    -------
    MergePlan
        Prints as a sentence and a table; its `network` is multiplied out when first asked for.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be.
    MemoryError
        If an exact count would need more than `memory_limit`.

    See Also
    --------
    frontier : the fewest synapses for every number of hidden layers.

    Notes
    -----
    Minimised over all partitions of each linear run into groups of neighbours is

    .. math:: \sum_{\text{merged groups}} t_\text{multiply} + N\, t_\text{apply}(\text{groups}),

    by a dynamic program over intervals of layers. Layers that stay apart are priced together, by the
    passes that really apply them (`Network.explain`). The seconds come from a model whose rates are
    measured on this machine once, in about half a second, and kept in the user's cache folder. The
    nonzeros of products come in closed form where there is one; otherwise they are estimated from
    some of their rows, and those that the choice rests on are then counted exactly where that takes
    no more than about a tenth of a second. The plan says which are.

    Examples
    --------
    >>> import cheapfast as cf
    >>> plan = cf.plan_merge(cf.algorithms.hadamard(2**60))
    >>> [(group.start, group.stop) for group in plan.groups][:3]
    [(0, 2), (2, 4), (4, 6)]
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a cheapfast.Network, got {type(net).__name__}")
    choice(objective, "objective", ("synapses", "time"))
    applications = integer(applications, "applications", minimum=1)
    vectors = Vectors(integer(batch, "batch", minimum=1), net.dtype)
    limit = available(memory_limit)
    machine = this_machine(threads)
    around = float(min(sum(map(weight_bytes, _weighted(net))), 10**300))
    pricer = Pricer(vectors, machine, around)
    groups: list[MergeGroup] = []
    timings = _Timings()
    with reporting(progress, "planning what to merge") as report:
        for start, stop, linear in linear_runs(net):
            if not linear:
                seconds = _seconds_of(net, start, pricer)
                groups.append(_kept(net, start, seconds, seconds))
                timings.add_fixed(seconds)
                continue
            layers, shapes = list(net)[start:stop], net.layer_shapes[start:stop]
            intervals = Intervals(layers, pricer, limit, report)
            prices = Prices(layers, shapes, intervals, pricer)
            if objective == "time":
                chosen = _fastest(prices, applications)
            else:
                chosen = _fewest(prices, threads, limit)
            groups += _described(net, start, prices, chosen)
            timings.add(prices, chosen)
    break_even, pays = timings.break_even()
    return MergePlan(
        source=net,
        groups=tuple(groups),
        objective=objective,
        applications=applications,
        batch=vectors.columns,
        apart=Timing(0.0, timings.apart),
        multiplied=timings.multiplied,
        chosen=timings.chosen,
        break_even=break_even,
        pays=pays,
        complete=timings.complete,
        threads=machine.threads,
        memory_limit=limit,
    )


def linear_runs(net: Network) -> Iterator[tuple[int, int, bool]]:
    """Cut a network at what cannot be merged.

    Parameters
    ----------
    net : Network

    Yields
    ------
    start, stop : int
        Neighbouring layers.
    linear : bool
        Whether they can be merged; a layer that cannot comes by itself.
    """
    start = 0
    for i, layer in enumerate(net):
        if layer.is_linear and not is_opaque(layer):
            continue
        if start < i:
            yield start, i, True
        yield i, i + 1, False
        start = i + 1
    if start < len(net):
        yield start, len(net), True


def _weighted(net: Network) -> Iterator[object]:
    return (layer for layer in net if layer.is_linear and not is_opaque(layer))


# -- choosing


def _fastest(prices: Prices, applications: int) -> Choice:
    """Choose, count exactly what the choice rests on, and choose again until nothing changes."""
    while True:
        chosen = cheapest(prices, applications)
        rivals = [chosen, first_to_pay(prices)]
        groups = {group for rival in rivals if rival for group in rival.groups if group.merged}
        # a list: all are counted, also those after the first that changes
        changed = [prices.intervals.refine(group.start, group.stop) for group in sorted(groups)]
        if not any(changed):
            return chosen


def _fewest(prices: Prices, threads: int | None, limit: int) -> Choice:
    """Choose the fewest synapses; every run of neighbours is counted exactly."""
    layers = prices.layers
    counts = []
    for i, layer in enumerate(layers):
        merged = count_prefixes(Network(layers[i:]), threads, limit)
        counts.append([layer.synapses, *merged[1:]])
    best = min(least_partitions(counts), key=lambda part: (part.cost, len(part.starts)))
    ends = (*best.starts[1:], len(layers))
    groups: list[Group] = []
    for start, stop in zip(best.starts, ends, strict=True):
        if stop > start + 1:
            prices.intervals.set_exact(start, stop, counts[start][stop - start - 1])
            groups.append(Group(start, stop, True))
        elif groups and not groups[-1].merged:
            groups[-1] = Group(groups[-1].start, stop, False)
        else:
            groups.append(Group(start, stop, False))
    return prices.cost(groups)


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


# -- what comes of it


class _Timings:
    """Sums over the runs of a network."""

    def __init__(self) -> None:
        self.apart, self.complete = 0.0, True
        self.multiplied, self.chosen = Timing(0.0, 0.0), Timing(0.0, 0.0)
        self._merged: list[tuple[int, int]] = []
        self._first: tuple[float, tuple[tuple[int, int], ...]] | None = None
        self._position = 0

    def add_fixed(self, seconds: float | None) -> None:
        """Add a layer that stays what it is."""
        self.complete = self.complete and seconds is not None
        self.apart += seconds or 0.0
        self.multiplied += Timing(0.0, seconds or 0.0)
        self.chosen += Timing(0.0, seconds or 0.0)
        self._position += 1

    def add(self, prices: Prices, chosen: Choice) -> None:
        """Add a linear run."""
        size = len(prices.layers)
        apart = prices.cost(none(size))
        self.apart += apart.apply_seconds
        everything = prices.cost(whole(size))
        self.multiplied += Timing(everything.build_seconds, everything.apply_seconds)
        self.chosen += Timing(chosen.build_seconds, chosen.apply_seconds)
        self._merged += self._places(chosen)
        first = first_to_pay(prices)
        if first is not None:
            ratio = first.build_seconds / (apart.apply_seconds - first.apply_seconds)
            if self._first is None or ratio < self._first[0]:
                self._first = ratio, tuple(self._places(first))
        self._position += size

    def break_even(self) -> tuple[int | None, tuple[tuple[int, int], ...]]:
        """Return after how many applications merging has paid, and of which layers."""
        if self._merged:
            gain = self.apart - self.chosen.apply
            return applications_to_pay(self.chosen.build, gain), tuple(self._merged)
        if self._first is None:
            return None, ()
        return math.floor(self._first[0]), self._first[1]

    def _places(self, chosen: Choice) -> list[tuple[int, int]]:
        at = self._position
        return [(at + group.start, at + group.stop) for group in chosen.groups if group.merged]


def applications_to_pay(build: float, gain: float) -> int | None:
    """Return the number of applications above which a gain pays for what it takes to get it.

    Parameters
    ----------
    build, gain : float
        Seconds once, and seconds an application.

    Returns
    -------
    int or None
        None if it never does.
    """
    if gain <= 0 or math.isinf(build) or math.isnan(gain):
        return None
    return math.floor(build / gain)


def _described(net: Network, at: int, prices: Prices, chosen: Choice) -> list[MergeGroup]:
    """Return the groups of a run, each layer that stays apart by itself."""
    before = prices.apart(0, len(prices.layers), False).seconds
    described: list[MergeGroup] = []
    after_merged = False
    for group in chosen.groups:
        start, stop = group.start, group.stop
        if not group.merged:
            now = prices.apart(start, stop, after_merged).seconds
            described += [
                _kept(net, at + i, before[i], now[i - start]) for i in range(start, stop)
            ]
        else:
            merged = prices.intervals.merged(start, stop)
            gain = sum(before[start:stop]) - merged.apply_seconds
            described.append(
                MergeGroup(
                    start=at + start,
                    stop=at + stop,
                    nonzeros=sum(layer.synapses for layer in prices.layers[start:stop]),
                    merged_nonzeros=merged.nonzeros,
                    exact=merged.exact,
                    build_seconds=merged.build_seconds,
                    seconds_before=sum(before[start:stop]),
                    seconds_after=merged.apply_seconds,
                    break_even=applications_to_pay(merged.build_seconds, gain),
                )
            )
        after_merged = group.merged
    return described


def _kept(net: Network, i: int, before: float | None, after: float | None) -> MergeGroup:
    layer = net[i]
    hidden = not layer.is_linear or is_opaque(layer)
    nonzeros = None if hidden else layer.synapses
    return MergeGroup(i, i + 1, nonzeros, nonzeros, True, 0.0, before, after, None)


def _seconds_of(net: Network, i: int, pricer: Pricer) -> float | None:
    layers, shapes = [net[i]], [net.layer_shapes[i]]
    (step,) = make_plan(layers, shapes).passes
    seconds = pricer.passed(step, layers)
    return None if seconds is None else sum(seconds)
