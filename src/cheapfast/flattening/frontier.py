"""Merging neighbours: the least synapse count for every number of hidden layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from cheapfast._progress import reporting
from cheapfast._tables import html_table
from cheapfast._validate import integer
from cheapfast.flattening.partition import Partition
from cheapfast.flattening.runs import Runs
from cheapfast.network import Network, require_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class FrontierPoint:
    """The cheapest network with a given number of hidden layers.

    Attributes
    ----------
    hidden_layers : int
        Weight layers less one.
    synapses : int
        Their nonzeros together, structural and exact.
    neurons : int
        Widths of the hidden layers, summed.
    groups : tuple of (int, int)
        The layers ``start`` to ``stop - 1`` (data-flow order) that each weight layer merges.
    proven : bool
        Whether no other way to merge neighbours leaves fewer synapses. Otherwise some were ruled
        out by estimates, at five standard errors.
    """

    hidden_layers: int
    synapses: int
    neurons: int
    groups: tuple[tuple[int, int], ...]
    proven: bool = True


#: What a question mark behind a number of synapses means.
_UNPROVEN = "? counted, but that no other merging has fewer rests on estimates"


class Frontier(Sequence[FrontierPoint]):
    """Least synapse counts by number of hidden layers; prints as a table.

    Parameters
    ----------
    points : sequence of FrontierPoint
        One for each number of hidden layers, from 0 on.
    """

    def __init__(self, points: Sequence[FrontierPoint]) -> None:
        self._points = tuple(points)

    @overload
    def __getitem__(self, index: int) -> FrontierPoint: ...
    @overload
    def __getitem__(self, index: slice) -> Frontier: ...
    def __getitem__(self, index: int | slice) -> FrontierPoint | Frontier:
        found = self._points[index]
        return Frontier(found) if isinstance(found, tuple) else found

    def __len__(self) -> int:
        return len(self._points)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frontier) and self._points == other._points

    def __hash__(self) -> int:
        return hash(self._points)

    @property
    def best(self) -> FrontierPoint:
        """The point with the fewest synapses; among equals the one with the fewest layers."""
        return min(self._points, key=lambda point: (point.synapses, point.hidden_layers))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the synapses against the number of hidden layers.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` is no matplotlib axes.
        """
        from cheapfast import plotting

        return plotting.plot_frontier(self, ax)

    def __repr__(self) -> str:
        lines = [
            f"{number:>13}  {synapses:>24}  {groups}" for number, synapses, groups in _rows(self)
        ]
        heading = f"{'hidden layers':>13}  {'synapses':>24}  merged layers"
        return "\n".join([heading, *lines, *([_UNPROVEN] if self._has_unproven else [])])

    def _repr_html_(self) -> str:
        table = html_table(("hidden layers", "synapses", "merged layers"), _rows(self))
        return f"{table}<p>{_UNPROVEN}</p>" if self._has_unproven else table

    @property
    def _has_unproven(self) -> bool:
        return not all(point.proven for point in self)


def _rows(frontier: Frontier) -> list[tuple[str, str, str]]:
    mark = frontier.best
    return [
        (
            str(point.hidden_layers),
            f"{point.synapses:,}{'' if point.proven else '?'}{' *' if point is mark else '  '}",
            " ".join(str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in point.groups),
        )
        for point in frontier
    ]


def frontier(
    net: Network,
    *,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Frontier:
    r"""Find the least synapse count for every number of hidden layers, merging neighbours.

    Parameters
    ----------
    net : Network
        A linear network.
    threads, memory_limit, progress
        As for `cheapfast.synapse_count`; progress counts runs of layers.

    Returns
    -------
    Frontier
        From 0 hidden layers, one matrix, to all layers apart; with the layers that are merged.

    Raises
    ------
    TypeError
        If a layer has no support to count.
    ValueError
        If the network has a bias or an activation.
    MemoryError
        If a count would need more than `memory_limit`.

    See Also
    --------
    flatten : the network of one of these points.

    Notes
    -----
    Eq. 26 of Lin, Tegmark and Rolnick asks for the least count over *all* networks with
    :math:`\ell` hidden layers; merging neighbours gives an upper bound of it. A dynamic program
    over the last group finds the best partition for each number of groups from the counts of the
    :math:`L(L+1)/2` runs of neighbours. Not all of them are counted: longer runs of a product
    whose nonempty rows hold all nonempty columns are rows times columns, and a run is left with
    cheap lower bounds until a best partition would use it. Every run of a partition that is
    returned is counted, and no other partition is below it. Where counts are dear (wide layers,
    long runs), nodes in the middle prove that long runs are full, and other runs are bounded by
    1,024 of their rows, then estimated, before they are counted; they are left at that if they
    could not win at five standard errors less. The points that this decided are not
    `FrontierPoint.proven`. Sixty random layers of :math:`10^5` rows, three entries each, take half
    a minute to three on two cores.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cf.frontier(cf.algorithms.hadamard(16))
    hidden layers                  synapses  merged layers
                0                     256    0-3
                1                     128 *  0-1 2-3
                2                     128    0 1 2-3
                3                     128    0 1 2 3
    """
    require_network(net)
    net.require_linear("a frontier")
    with reporting(progress, "counting runs of layers") as report:
        runs = Runs(net, threads, memory_limit, report)
        partitions = runs.least_partitions()
        proven = runs.proven(partitions)
    return Frontier(
        [_point(net, partition, sure) for partition, sure in zip(partitions, proven, strict=True)]
    )


def check_hidden_layers(hidden_layers: Any, net: Network) -> int:
    """Return the number of hidden layers if merging neighbours can reach it.

    Parameters
    ----------
    hidden_layers : int
        What was asked for.
    net : Network
        Of which network.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If it is no integer, negative, or more than the network has.
    """
    wanted = integer(hidden_layers, "hidden_layers", minimum=0)
    if wanted >= len(net):
        raise ValueError(
            f"hidden_layers must be below the number of layers, {len(net)}, got {wanted}: "
            "merging neighbours makes no new layers"
        )
    return wanted


def _point(net: Network, partition: Partition, proven: bool) -> FrontierPoint:
    starts = (*partition.starts, len(net))
    groups = tuple(itertools.pairwise(starts))
    neurons = sum(net[stop - 1].shape[0] for _, stop in groups[:-1])
    return FrontierPoint(len(groups) - 1, partition.cost, neurons, groups, proven)
