"""What `plan_merge` returns: the groups, the seconds, and from when on merging pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from cheapfast import _memory
from cheapfast._tables import html_table
from cheapfast.flattening.affine import merged_layer
from cheapfast.flattening.merge_groups import MergeGroup, Timing
from cheapfast.flattening.merge_table import HEADINGS, as_lines, row
from cheapfast.network import Network
from cheapfast.plan.prediction.seconds import seconds_text
from cheapfast.plan.shapes import Shape
from cheapfast.support import csr_pattern_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class MergePlan:
    """Which neighbours to multiply out, and what that is predicted to bring. Prints as a table.

    Attributes
    ----------
    source : Network
        The network as it is.
    groups : tuple of MergeGroup
        What it becomes, in data-flow order.
    objective : str
        "synapses" or "time".
    applications, batch : int
        How often it is applied, and to how many vectors at a time.
    apart, multiplied, chosen : Timing
        Predicted seconds to multiply out and to apply once: nothing merged, every linear run made
        one matrix (infinite if that does not fit in memory), and this plan.
    break_even : int or None
        Merging `pays` above so many applications; None if it never does. If this plan merges
        nothing, that of the merging that pays first.
    pays : tuple of (int, int)
        The layers ``start`` to ``stop - 1`` that `break_even` is about.
    complete : bool
        Whether the seconds of all layers are known: those of an Operator are not, and count as 0.
    threads : int
        Number of threads that the seconds are for.
    memory_limit : int
        Bytes that a product may take.
    """

    source: Network = field(hash=False)
    groups: tuple[MergeGroup, ...]
    objective: str
    applications: int
    batch: int
    apart: Timing
    multiplied: Timing
    chosen: Timing
    break_even: int | None
    pays: tuple[tuple[int, int], ...]
    complete: bool
    threads: int
    memory_limit: int

    @cached_property
    def network(self) -> Network:
        """The merged network, multiplied out when first asked for; MemoryError if it is too large.

        Layers that are not merged are taken as they are. Entries that cancel exactly are dropped,
        so it may have fewer nonzeros than the plan says.
        """
        for group in self.groups:
            if group.is_merged:
                self._require_memory(group)
        layers = list(self.source)
        return Network(
            [
                merged_layer(layers[group.start : group.stop], self.threads, self.source.dtype)
                if group.is_merged
                else layers[group.start]
                for group in self.groups
            ]
        )

    @property
    def predicted_seconds(self) -> float:
        """To multiply out and to apply as often as asked, predicted."""
        return self.chosen.total(self.applications)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the seconds against the number of applications.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            All layers apart, all multiplied, and this plan; where one overtakes another is marked.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` is no matplotlib axes.
        """
        from cheapfast import plotting

        return plotting.plot_merge(self, ax)

    def advice(self, names: Sequence[str] | None = None) -> str:
        """Say in one sentence what to do.

        Parameters
        ----------
        names : sequence of str, optional
            What to call the layers; by default their positions.

        Returns
        -------
        str
        """
        which = " and ".join(_layers(a, b, names) for a, b in self.pays)
        if not any(group.is_merged for group in self.groups):
            if self.objective == "synapses":
                return "Keep the layers apart: no merging has fewer synapses."
            if self.break_even is None:
                return "Keep the layers apart: no merging is predicted to make it faster."
            now, then = _times(self.applications), _times(self.break_even)
            return f"Keep the layers apart for {now}; merge {which} if you apply more than {then}."
        if self.break_even is None:
            return f"Merge {which} for fewer synapses; that is not predicted to make it faster."
        if self.break_even == 0:
            return f"Merge {which}: that pays from the first application on."
        return f"Merge {which} if you apply more than {_times(self.break_even)}."

    def certainty(self) -> str:
        """Say what the numbers rest on.

        Returns
        -------
        str
        """
        guessed = sum(not group.exact for group in self.groups)
        counts = "nonzeros are exact structural counts"
        if guessed:
            counts = f"nonzeros marked ~ ({guessed}) are estimated from some rows, the others exact"
        partly = "" if self.complete else "; Operators are not included, what they do is not known"
        return (
            f"{counts}; seconds are predicted from rates measured on this machine, for "
            f"{self.threads} thread(s), and may be off by some tens of per cent, at times by a "
            f"factor of two{partly}"
        )

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, as text; the first row is the headings.

        Returns
        -------
        list of tuple of str
        """
        return [HEADINGS, *map(row, self.groups)]

    def summary(self) -> str:
        """Say what the plan and its two alternatives take.

        Returns
        -------
        str
        """
        times = [
            f"{name} {seconds_text(timing.total(self.applications))}"
            for name, timing in (
                ("apart", self.apart),
                ("all multiplied", self.multiplied),
                ("this plan", self.chosen),
            )
        ]
        return (
            f"{_times(self.applications)} to {self.batch} vector(s) at a time: {', '.join(times)}"
        )

    def __repr__(self) -> str:
        return "\n".join(
            [self.advice(), self.summary(), *as_lines(self.rows()), f"({self.certainty()})"]
        )

    def _repr_html_(self) -> str:
        headings, *rows = self.rows()
        return (
            f"<div><p><b>{escape(self.advice())}</b><br>{escape(self.summary())}</p>"
            f"{html_table(headings, rows)}"
            f"<p>{escape(self.certainty())}</p></div>"
        )

    def _require_memory(self, group: MergeGroup) -> None:
        shape: Shape = self.source[group.start : group.stop].shape
        entries = group.merged_nonzeros or 0
        _memory.require(
            csr_pattern_bytes(shape, entries) + entries * self.source.dtype.itemsize,
            f"merging the layers {group.start} to {group.stop - 1}, about {entries:,} nonzeros,",
            "merge with objective='time' and a smaller memory_limit, or apply the layers apart",
            limit=self.memory_limit,
        )


def _layers(start: int, stop: int, names: Sequence[str] | None) -> str:
    if names is not None:
        return ", ".join(names[start:stop])
    return f"layers {start}-{stop - 1}"


def _times(applications: int) -> str:
    return "1 time" if applications == 1 else f"{applications:,} times"
