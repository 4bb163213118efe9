"""What a choice comes to: the groups of a plan, and sums over the linear runs of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from cheapfast.flattening.choose import first_to_pay, none, whole
from cheapfast.flattening.prices import START, Choice, Prices
from cheapfast.network import Network
from cheapfast.plan import make_plan
from cheapfast.plan.cost import has_weights
from cheapfast.plan.prediction.seconds import Pricer


class Timing(NamedTuple):
    """Seconds once and seconds an application.

    Parameters
    ----------
    build : float
        To multiply out.
    apply : float
        To apply the network once to the batch.
    """

    build: float
    apply: float

    def total(self, applications: float) -> float:
        """Return the seconds of some applications, multiplying out included.

        Parameters
        ----------
        applications : float

        Returns
        -------
        float
        """
        return self.build + applications * self.apply

    def __add__(self, other: object) -> Timing:
        assert isinstance(other, Timing)
        return Timing(self.build + other.build, self.apply + other.apply)


@dataclass(frozen=True)
class MergeGroup:
    """Neighbouring layers that become one, or a layer that stays.

    Attributes
    ----------
    start, stop : int
        The layers `start` to ``stop - 1``, in data-flow order.
    nonzeros : int or None
        Of these layers as they are; None for an activation or an Operator.
    merged_nonzeros : int or None
        Of what they become.
    exact : bool
        Whether `merged_nonzeros` is a structural count, or an estimate from some rows.
    build_seconds : float
        Predicted, to multiply them out; 0 for a layer that stays.
    seconds_before, seconds_after : float or None
        Predicted, an application, as they are and as they become; None for an Operator. A pass that
        fuses several layers counts in equal parts for each.
    break_even : int or None
        Merging them pays above so many applications; None if it never does, or nothing is merged.
    """

    start: int
    stop: int
    nonzeros: int | None
    merged_nonzeros: int | None
    exact: bool
    build_seconds: float
    seconds_before: float | None
    seconds_after: float | None
    break_even: int | None

    @property
    def is_merged(self) -> bool:
        """Whether it stands for several layers."""
        return self.stop > self.start + 1


class Timings:
    """Sums over the runs of a network.

    Parameters
    ----------
    call_seconds : float
        Of a call before its passes do anything.
    """

    def __init__(self, call_seconds: float) -> None:
        self.apart, self.complete = call_seconds, True
        self.multiplied, self.chosen = Timing(0.0, call_seconds), Timing(0.0, call_seconds)
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


def described(net: Network, at: int, prices: Prices, chosen: Choice) -> list[MergeGroup]:
    """Return the groups of a run, each layer that stays apart by itself.

    Parameters
    ----------
    net : Network
    at : int
        Where in it the run begins.
    prices : Prices
    chosen : Choice

    Returns
    -------
    list of MergeGroup
    """
    before = prices.apart(0, len(prices.layers), False).seconds
    found: list[MergeGroup] = []
    end = START
    for group in chosen.groups:
        start, stop = group.start, group.stop
        now = prices.seconds(group, end)
        build, _, end = prices.step(group, end)
        if not group.merged:
            found += [kept(net, at + i, before[i], now[i - start]) for i in range(start, stop)]
            continue
        merged = prices.intervals.merged(start, stop)
        took = sum(before[start:stop])
        found.append(
            MergeGroup(
                start=at + start,
                stop=at + stop,
                nonzeros=sum(layer.synapses for layer in prices.layers[start:stop]),
                merged_nonzeros=merged.nonzeros,
                exact=merged.exact,
                build_seconds=build,
                seconds_before=took,
                seconds_after=now[0],
                break_even=applications_to_pay(build, took - now[0]),
            )
        )
    return found


def kept(net: Network, i: int, before: float | None, after: float | None) -> MergeGroup:
    """Return a layer that stays what it is.

    Parameters
    ----------
    net : Network
    i : int
        Which layer.
    before, after : float or None
        Seconds in the network as it is and as it becomes.

    Returns
    -------
    MergeGroup
    """
    layer = net[i]
    nonzeros = layer.synapses if has_weights(layer) else None
    return MergeGroup(i, i + 1, nonzeros, nonzeros, True, 0.0, before, after, None)


def fixed_seconds(net: Network, i: int, pricer: Pricer) -> float | None:
    """Predict a layer that is not part of a linear run.

    Parameters
    ----------
    net : Network
    i : int
        Which layer.
    pricer : Pricer

    Returns
    -------
    float or None
        None for an Operator.
    """
    layers, shapes = [net[i]], [net.layer_shapes[i]]
    (step,) = make_plan(layers, shapes).passes
    seconds = pricer.passed(step, layers)
    return None if seconds is None else sum(seconds)
