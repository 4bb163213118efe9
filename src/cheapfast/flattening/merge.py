"""Fuse or apply: which neighbouring layers to multiply out so that applying takes least time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from cheapfast._progress import reporting
from cheapfast._validate import choice, integer
from cheapfast.counting.structural import count_prefixes
from cheapfast.flattening.choose import cheapest, first_to_pay
from cheapfast.flattening.intervals import Intervals, available
from cheapfast.flattening.merge_groups import (
    MergeGroup,
    Timing,
    Timings,
    described,
    fixed_seconds,
    kept,
)
from cheapfast.flattening.merge_plan import MergePlan
from cheapfast.flattening.partition import least_partitions
from cheapfast.flattening.prices import Choice, Group, Prices
from cheapfast.network import Network, require_network
from cheapfast.plan import make_plan
from cheapfast.plan.cost import has_weights
from cheapfast.plan.prediction.calibrate import machine as this_machine
from cheapfast.plan.prediction.seconds import Pricer
from cheapfast.plan.prediction.sparse_seconds import MOST_VECTORS, Vectors

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
        The same map; layers that are not merged are taken as they are. The weights of a product are
        rounded to the type of the network's: float32 weights, once multiplied out, give float64
        vectors what float32 holds, and products too small for it are 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be, or a product leaves the range of its type.
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

    by a dynamic program over intervals of layers. Layers that stay apart are priced together, by
    the passes that really apply them (`Network.explain`). The seconds come from a model whose rates
    are measured on this machine once, in less than a second, and kept in the user's cache folder.
    The nonzeros of products come in closed form where there is one; otherwise they are estimated
    from some of their rows, and those that the choice rests on are then counted exactly where that
    takes no more than about a tenth of a second. The plan says which are.

    Examples
    --------
    >>> import cheapfast as cf
    >>> import numpy as np
    >>> R, A, P = np.ones((2, 9)), np.eye(9), np.ones((9, 2))
    >>> plan = cf.plan_merge(cf.chain(R, A, P))
    >>> [(group.start, group.stop, group.merged_nonzeros) for group in plan.groups]
    [(0, 3, 4)]
    """
    require_network(net)
    choice(objective, "objective", ("synapses", "time"))
    applications = integer(applications, "applications", minimum=1, maximum=MOST_VECTORS)
    batch = integer(batch, "batch", minimum=1, maximum=MOST_VECTORS)
    vectors = Vectors(batch, net.dtype)
    limit = available(memory_limit)
    machine = this_machine(threads)
    plan = make_plan(list(net), net.layer_shapes)
    pricer = Pricer.of_plan(plan, list(net), vectors, machine)
    groups: list[MergeGroup] = []
    timings = Timings(pricer.call_seconds)
    with reporting(progress, "planning what to merge") as report:
        for start, stop, linear in linear_runs(net):
            if not linear:
                seconds = fixed_seconds(net, start, pricer)
                groups.append(kept(net, start, seconds, seconds))
                timings.add_fixed(seconds)
                continue
            layers, shapes = list(net)[start:stop], net.layer_shapes[start:stop]
            intervals = Intervals(layers, pricer, limit, report)
            prices = Prices(layers, shapes, intervals, pricer)
            if objective == "time":
                chosen = _fastest(prices, applications)
            else:
                chosen = _fewest(prices, threads, limit)
            groups += described(net, start, prices, chosen)
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


def recalibrate(threads: int | None = None) -> None:
    """Measure anew what `plan_merge` and `Network.explain` predict with, and keep it.

    Parameters
    ----------
    threads : int, optional
        As for `Network.apply`.
    """
    this_machine(threads, again=True)


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
        if has_weights(layer):
            continue
        if start < i:
            yield start, i, True
        yield i, i + 1, False
        start = i + 1
    if start < len(net):
        yield start, len(net), True


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
    # among equals the one that multiplies least
    best = min(least_partitions(counts), key=lambda part: (part.cost, -len(part.starts)))
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
