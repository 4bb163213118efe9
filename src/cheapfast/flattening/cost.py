"""The flattening cost of a network (eq. 26): its synapses merged over its synapses as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cheapfast._progress import reporting
from cheapfast._tables import html_facts
from cheapfast._validate import choice, nonnegative
from cheapfast.counting import KINDS, count_numerical, structural
from cheapfast.counting.count import require_auto
from cheapfast.flattening.approximate import (
    approximate_layers,
    count_approximate,
    frobenius_norm,
)
from cheapfast.flattening.blocks import FlatBlocks
from cheapfast.flattening.frontier import check_hidden_layers, frontier
from cheapfast.network import Network, require_network

_DROPPED = "smallest entries dropped"


@dataclass(frozen=True, repr=False)
class FlatteningCost:
    """Synapses of a network and of its flattened form.

    Attributes
    ----------
    deep : int
        Synapses of the network as it is, exact.
    flat : int
        Synapses of the flattened network, exact.
    ratio : float
        The flattening cost C_s = flat / deep (eq. 26), correctly rounded at any size of the two
        counts; above 1 it is dearer to be flat. NaN if both are zero, inf if only `deep` is, or if
        the ratio is beyond float64.
    kind : str
        "structural": nonzeros of the product of the supports, no cancellation. "numerical": those
        that are left after cancellation.
    bound : str
        "exact" where `flat` is the least possible count of its kind, "upper" where it is a bound.
    method : str
        The method that counted.
    deep_neurons, flat_neurons : int
        Widths of the hidden layers, summed, before and after.
    """

    deep: int
    flat: int
    ratio: float
    kind: str
    bound: Literal["exact", "upper"]
    method: str
    deep_neurons: int = 0
    flat_neurons: int = 0

    @property
    def neuron_ratio(self) -> float:
        """The neuron cost C_n (eq. 25): hidden neurons after over hidden neurons before."""
        return ratio_of_counts(self.flat_neurons, self.deep_neurons)

    def __repr__(self) -> str:
        return (
            f"FlatteningCost(deep={self.deep}, flat={self.flat}, ratio={self.ratio:.6g}, "
            f"kind={self.kind!r}, bound={self.bound!r}, method={self.method!r}, "
            f"deep_neurons={self.deep_neurons}, flat_neurons={self.flat_neurons}, "
            f"neuron_ratio={self.neuron_ratio:.6g})"
        )

    def _repr_html_(self) -> str:
        rows = (
            ("deep", f"{self.deep:,} synapses"),
            ("flat", f"{self.flat:,} synapses"),
            ("flattening cost C<sub>s</sub>", f"{self.ratio:.6g}"),
            ("hidden neurons", f"{self.deep_neurons:,} deep, {self.flat_neurons:,} flat"),
            ("neuron cost C<sub>n</sub>", f"{self.neuron_ratio:.6g}"),
            ("kind", f"{self.kind}, {self.bound}"),
            ("method", self.method),
        )
        return html_facts(rows)


def flattening_cost(
    net: Network,
    hidden_layers: int = 0,
    *,
    kind: str = "structural",
    tolerance: float = 0.0,
    method: str = "auto",
    rng: int | np.random.Generator | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> FlatteningCost:
    r"""Compare the synapses of a linear network with those of its flattened form.

    Parameters
    ----------
    net : Network
        A linear network; shapes and sizes of any magnitude.
    hidden_layers : int, optional
        Hidden layers of the flattened network; 0 is one single matrix.
    kind : str, optional
        What to count. "structural": nonzeros of the product of the supports. "numerical": those
        that are left after cancellation, without hidden layers only.
    tolerance : float, optional
        For kind="numerical" what counts as cancelled, as for `cheapfast.synapse_count`. Otherwise
        the relative Frobenius error allowed to the flattened network (see `flatten`): with an error
        above 0 the values count, what is multiplied out must fit in blocks, and the result is
        numerical.
    method, rng, threads, memory_limit, progress
        How to count: as for `cheapfast.synapse_count`.

    Returns
    -------
    FlatteningCost
        Both counts, exact, and their ratio.

    Raises
    ------
    TypeError
        If a layer has no support to count: an activation, or an Operator.
    ValueError
        If an argument is out of range, or asks for what is not available; for an error above 0, if
        the network is not linear or its matrix holds NaN or infinities.
    MemoryError
        If the count would need more than `memory_limit` (by default the memory available now).

    Notes
    -----
    Eq. 26 of Lin, Tegmark and Rolnick with :math:`\ell=\epsilon=0`,

    .. math:: C_s = \frac{N_s(A_L\cdots A_1)}{\sum_i N_s(A_i)}.

    There is only one network without hidden layers for a given matrix, so the minimum in eq. 26 is
    the count itself and `bound` is "exact". With hidden layers the count is the least that merging
    neighbours reaches (see `frontier`), an "upper" bound of the minimum over all networks.
    With a tolerance :math:`\epsilon` and no hidden layers it is the least count of all matrices
    within :math:`\epsilon\,\|P\|_F` of the product P, up to the rounding of sums.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cost = cf.flattening_cost(cf.algorithms.fourier(2**60))
    >>> cost.deep == 121 * 2**60, cost.flat == 2**120
    (True, True)
    >>> round(cost.ratio / 2**60 * 121, 12)
    1.0
    """
    require_network(net)
    choice(kind, "kind", KINDS)
    wanted = check_hidden_layers(hidden_layers, net)
    if kind == "numerical":
        return _after_cancellation(
            net, wanted, method, tolerance, rng, threads, memory_limit, progress
        )
    error = nonnegative(tolerance, "tolerance")
    if error > 0:
        require_auto(method)
        return _approximated(net, wanted, error, threads, memory_limit, progress)
    if wanted > 0:
        return _partly_flattened(net, wanted, method, threads, memory_limit, progress)
    count = structural.count_structural(net, method, threads, memory_limit, progress)
    return _cost(net, count.value, 0, "structural", "exact", count.method)


def _after_cancellation(
    net: Network,
    hidden_layers: int,
    method: str,
    tolerance: float,
    rng: int | np.random.Generator | None,
    threads: int | None,
    memory_limit: int | str | None,
    progress: bool | Callable[[int, int], None] | None,
) -> FlatteningCost:
    """Count what does not cancel."""
    require_auto(method)
    if hidden_layers > 0:
        raise ValueError(
            f"hidden_layers must be 0 for kind='numerical', got {hidden_layers}: the numerical "
            "counts of all runs of layers are not available in this version"
        )
    count = count_numerical(net, tolerance, rng, threads, memory_limit, progress)
    return _cost(net, count.value, 0, "numerical", "exact", count.method)


def _partly_flattened(
    net: Network,
    hidden_layers: int,
    method: str,
    threads: int | None,
    memory_limit: int | str | None,
    progress: bool | Callable[[int, int], None] | None,
) -> FlatteningCost:
    """Take the cost from the frontier."""
    if method != "auto":
        raise ValueError(
            f"method must be 'auto' where hidden layers are left, got {method!r}: many products "
            "are counted, each by the method that suits it"
        )
    point = frontier(net, threads=threads, memory_limit=memory_limit, progress=progress)[
        hidden_layers
    ]
    return _cost(net, point.synapses, point.neurons, "structural", "upper", "merging neighbours")


def _approximated(
    net: Network,
    hidden_layers: int,
    tolerance: float,
    threads: int | None,
    memory_limit: int | str | None,
    progress: bool | Callable[[int, int], None] | None,
) -> FlatteningCost:
    """Count what has to stay for the error allowed."""
    net.require_linear("an approximation by fewer synapses")
    with reporting(progress, "multiplying layers") as report:
        blocks = FlatBlocks(net, threads, memory_limit, report)
        if hidden_layers == 0:
            flat = count_approximate(blocks, tolerance)
            return _cost(net, flat, 0, "numerical", "exact", _DROPPED)
        norm = frobenius_norm(blocks)
    point = frontier(net, threads=threads, memory_limit=memory_limit)[hidden_layers]
    merged = approximate_layers(net, point.groups, tolerance, norm).network
    method = f"merging neighbours, {_DROPPED}"
    return _cost(net, merged.synapses, point.neurons, "numerical", "upper", method)


def _cost(
    net: Network,
    flat: int,
    flat_neurons: int,
    kind: str,
    bound: Literal["exact", "upper"],
    method: str,
) -> FlatteningCost:
    """Put the counts of a network and of its flattened form together."""
    deep = net.synapses
    return FlatteningCost(
        deep, flat, ratio_of_counts(flat, deep), kind, bound, method, net.neurons, flat_neurons
    )


def ratio_of_counts(flat: int, deep: int) -> float:
    """Divide two exact counts, rounding once.

    Parameters
    ----------
    flat, deep : int
        Counts of any size, not negative.

    Returns
    -------
    float
        NaN for 0/0, inf where the quotient is not finite or beyond float64.
    """
    if deep == 0:
        return math.inf if flat else math.nan
    try:
        return flat / deep  # Python divides integers of any size with one rounding
    except OverflowError:
        return math.inf
