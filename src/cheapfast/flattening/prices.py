"""What groups of neighbouring layers cost; those that stay apart are priced pass by pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast.plan.passes.full import is_full
from cheapfast.plan.passes.sparse_runs import folds, is_plain
from cheapfast.plan.plan import next_pass
from cheapfast.plan.prediction.seconds import SPARSE_PASSES, Pricer

if TYPE_CHECKING:
    from cheapfast.flattening.intervals import Intervals
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]


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


class Ahead(NamedTuple):
    """What all groups cost that start at the same layer: merged ones of two layers, three, ...

    Parameters
    ----------
    build, apply : ndarray
        Seconds of merged groups.
    apart : ndarray
        Seconds of one layer that stays apart, of two, ...
    sparse : ndarray of bool
        Whether these end with a sparse pass.
    """

    build: Array
    apply: Array
    apart: Array
    sparse: Array


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
        self._plain = [is_plain(layer) for layer in self.layers]
        self._passes: dict[tuple[int, int], Apart] = {}
        self._priced: dict[tuple[int, int, str], tuple[float, ...]] = {}
        self._apart_ahead: dict[tuple[int, End], tuple[Array, Array]] = {}

    @property
    def pass_seconds(self) -> float:
        """What a pass costs that does not join the one before."""
        return self._pricer.pass_seconds

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
        while (
            after_merged and first < stop and folds(self.layers[first], self._pricer.vectors.dtype)
        ):
            first += 1
        seconds = [0.0] * (first - start)
        if first == stop:
            return Apart(tuple(seconds), True, True)
        passes = list(self._passes_of(first, stop))
        for one in passes:
            seconds += one.seconds
        return Apart(tuple(seconds), passes[0].first_sparse, passes[-1].last_sparse)

    def _passes_of(self, start: int, stop: int) -> Iterator[Apart]:
        """Yield the passes that apply layers by themselves."""
        while start < stop:
            # a full layer is a pass by itself, whatever follows
            end = start + 1 if is_full(self.layers[start]) else stop
            if (start, end) not in self._passes:
                self._passes[start, end] = self._first_pass(start, end)
            yield self._passes[start, end]
            start += len(self._passes[start, end].seconds)

    def _first_pass(self, start: int, stop: int) -> Apart:
        """Price the first pass of some layers."""
        layers = self.layers[start:stop]
        if all(self._plain[start:stop]):  # without making the pass, which takes much longer
            in_chain = list(map(self._pricer.in_chain, layers))
            in_chain[0] += self.pass_seconds
            return Apart(tuple(in_chain), True, True)
        step = next_pass(layers, self.shapes[start:stop], 0)
        key = (start, start + step.stop, step.kernel)
        if key not in self._priced:
            took = self._pricer.passed(step, layers)
            assert took is not None, "a linear run holds no Operator"
            self._priced[key] = tuple(took)
        sparse = step.kernel in SPARSE_PASSES
        return Apart(self._priced[key], sparse, sparse)

    def ahead(self, start: int, after: End) -> Ahead:
        """Price all groups that start somewhere.

        Parameters
        ----------
        start : int
        after : End
            What the group before ends with.

        Returns
        -------
        Ahead
        """
        key = (start, after)
        if key not in self._apart_ahead:
            steps = [
                self.step(Group(start, stop, False), after)
                for stop in range(start + 1, len(self.layers) + 1)
            ]
            self._apart_ahead[key] = (
                np.array([seconds for _, seconds, _ in steps]),
                np.array([end.sparse for _, _, end in steps]),
            )
        build, apply = self.intervals.ahead(start)
        own = 0.0 if after.sparse else self.pass_seconds
        return Ahead(build, apply + own, *self._apart_ahead[key])

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
        after = START
        for group in groups:
            added_build, added_apply, after = self.step(group, after)
            build, apply = build + added_build, apply + added_apply
        return Choice(build, apply, tuple(groups))

    def step(self, group: Group, after: End) -> tuple[float, float, End]:
        """Price one group behind another.

        Parameters
        ----------
        group : Group
        after : End
            What the group before ends with.

        Returns
        -------
        build, apply : float
            Seconds.
        end : End
            What this one ends with.
        """
        seconds = sum(self.seconds(group, after))
        if group.merged:
            build = self.intervals.merged(group.start, group.stop).build_seconds
            return build, seconds, End(True, True)
        apart = self.apart(group.start, group.stop, after.merged)
        return 0.0, seconds, End(False, apart.last_sparse)

    def seconds(self, group: Group, after: End) -> tuple[float, ...]:
        """Price the layers that a group becomes, behind another group.

        Parameters
        ----------
        group : Group
        after : End
            What the group before ends with: a sparse pass goes on with a sparse layer.

        Returns
        -------
        tuple of float
            Seconds of one layer if it is merged, else of each.
        """
        if group.merged:
            own = 0.0 if after.sparse else self.pass_seconds
            return (self.intervals.merged(group.start, group.stop).apply_seconds + own,)
        apart = self.apart(group.start, group.stop, after.merged)
        first = next((i for i, took in enumerate(apart.seconds) if took > 0), None)
        if first is None or not (after.merged and apart.first_sparse):
            return apart.seconds
        joined = list(apart.seconds)
        joined[first] -= self.pass_seconds
        return tuple(joined)


class End(NamedTuple):
    """How a partition of the first layers ends: what the price of the next group depends on.

    Parameters
    ----------
    merged : bool
        Whether the last group is merged.
    sparse : bool
        Whether the last pass is a sparse one.
    """

    merged: bool
    sparse: bool


#: Before the first group.
START = End(False, False)
