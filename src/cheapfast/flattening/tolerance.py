"""How many synapses an approximation needs: the whole curve over the tolerance, from one pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cheapfast._progress import reporting
from cheapfast.flattening.blocks import FlatBlocks
from cheapfast.flattening.curve import ToleranceCurve
from cheapfast.flattening.selection import SHIFTS, histogram, lower_edges
from cheapfast.network import Network, require_network

#: Entries added one after the other before the sums of blocks are added: keeps rounding small.
_RUN = 4096


def tolerance_curve(
    net: Network,
    *,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> ToleranceCurve:
    r"""Find how many synapses one layer needs, as a function of the error allowed to it.

    Parameters
    ----------
    net : Network
        A linear network with finite weights.
    threads, memory_limit, progress
        As for `cheapfast.synapse_count`; progress counts columns of the product.

    Returns
    -------
    ToleranceCurve
        Exact if the entries of the product fit in memory. Otherwise each tolerance has a certified
        bracket from a histogram of the entries, made a block of columns at a time.

    Raises
    ------
    ValueError
        If the network is not linear, or its matrix holds NaN or infinities.
    MemoryError
        If not even blocks of columns fit.

    See Also
    --------
    flatten : the approximation itself.

    Notes
    -----
    This is :math:`C_s(f, 0, \epsilon)` of Lin, Tegmark and Rolnick for the relative error
    :math:`\|P-Q\|_F\le\epsilon\,\|P\|_F`: among all Q with a given number of nonzeros the best
    keeps the largest entries of P, so sorting the entries gives the whole curve. Sums of squares
    are rounded, relatively to about 1e-13.

    Examples
    --------
    >>> import cheapfast as cf
    >>> curve = cf.tolerance_curve(cf.algorithms.hadamard(64))
    >>> curve.synapses(0), curve.synapses(0.1), curve.synapses(1)
    (4096, 4056, 0)
    """
    require_network(net)
    net.require_linear("a tolerance curve")
    with reporting(progress, "multiplying layers") as report:
        blocks = FlatBlocks(net, threads, memory_limit, report)
        if blocks.in_memory:
            return _sorted_curve(net.synapses, blocks)
        return _binned_curve(net.synapses, blocks)


def _sorted_curve(deep: int, blocks: FlatBlocks) -> ToleranceCurve:
    squares = np.sort(np.concatenate([np.zeros(0), *blocks.squares()]))
    sums = running_sums(squares)
    return ToleranceCurve(deep, np.arange(len(sums)), sums, None)


def _binned_curve(deep: int, blocks: FlatBlocks) -> ToleranceCurve:
    shift = SHIFTS[0]
    edges = lower_edges(shift)
    counts, sums = np.zeros(len(edges), dtype=np.int64), np.zeros(len(edges))
    for squares in blocks.squares():
        block_counts, block_sums = histogram(squares, shift)
        counts += block_counts
        sums += block_sums
    full = np.flatnonzero(counts)
    return ToleranceCurve(
        deep,
        np.concatenate([[0], np.cumsum(counts[full])]),
        np.concatenate([[0.0], np.cumsum(sums[full])]),
        (edges[full], edges[full + 1]),
    )


def running_sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sums of the first 0, 1, 2, ... values, with the rounding of short sums.

    Parameters
    ----------
    values : ndarray of float64

    Returns
    -------
    ndarray of float64
        One longer than `values`.
    """
    rows = -(-len(values) // _RUN)
    padded = np.zeros(rows * _RUN)
    padded[: len(values)] = values
    inside = np.cumsum(padded.reshape(rows, _RUN), axis=1)
    if rows > 1:
        inside[1:] += np.cumsum(inside[:-1, -1])[:, np.newaxis]
    return np.concatenate([[0.0], inside.ravel()[: len(values)]])
