"""How many synapses an approximation needs: the whole curve over the tolerance, from one pass."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast._progress import reporting
from cheapfast.flattening.blocks import FlatBlocks
from cheapfast.flattening.selection import SHIFTS, histogram, lower_edges
from cheapfast.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

#: What is printed, and drawn from left to right.
_SHOWN = (0.0, 1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3)

#: Entries added one after the other before the sums of blocks are added: keeps rounding small.
_RUN = 4096


class ToleranceCurve:
    r"""Synapses that one layer needs to stay within a relative Frobenius error, for every error.

    Made by `tolerance_curve`.

    Attributes
    ----------
    deep : int
        Synapses of the network as it is.
    flat : int
        Nonzeros of its matrix P: the synapses at tolerance 0.
    norm : float
        Frobenius norm of P.
    exact : bool
        Whether the number of synapses is known for every tolerance; otherwise `bounds` brackets it.
    """

    def __init__(
        self, deep: int, counts: Array, sums: Array, edges: tuple[Array, Array] | None
    ) -> None:
        # counts[g] smallest entries have squares that sum to sums[g]; the squares of the entries
        # counts[g] to counts[g + 1] - 1 lie between edges[0][g] and edges[1][g]
        self._counts, self._sums, self._edges = counts, sums, edges
        self.deep = deep
        self.flat = int(counts[-1])
        self.norm = math.sqrt(float(sums[-1]))
        self.exact = edges is None

    def bounds(self, tolerance: float) -> tuple[int, int]:
        """Bracket the synapses needed.

        Parameters
        ----------
        tolerance : float
            Relative Frobenius error allowed; at least 0.

        Returns
        -------
        low, high : int
            At least and at most so many; equal if the curve is `exact`.

        Raises
        ------
        TypeError, ValueError
            If the tolerance is no number from 0 on.
        """
        allowed = check_tolerance(tolerance)
        if allowed == 0.0:
            return self.flat, self.flat
        budget = allowed * allowed * float(self._sums[-1])
        group = int(np.searchsorted(self._sums, budget, side="right")) - 1
        dropped = int(self._counts[group])
        if group == len(self._sums) - 1 or self._edges is None:
            return self.flat - dropped, self.flat - dropped
        rest = budget - float(self._sums[group])
        inside = int(self._counts[group + 1]) - dropped
        smallest, largest = float(self._edges[0][group]), float(self._edges[1][group])
        # one more and one less than the quotients, for what they lose to rounding
        most = inside if smallest * inside <= rest else min(inside, int(rest / smallest) + 1)
        least = max(0, min(inside, int(rest / largest)) - 1)
        return self.flat - dropped - most, self.flat - dropped - least

    def synapses(self, tolerance: float) -> int:
        """Return the least number of synapses within a tolerance.

        Parameters
        ----------
        tolerance : float
            Relative Frobenius error allowed; at least 0.

        Returns
        -------
        int

        Raises
        ------
        TypeError, ValueError
            If the tolerance is no number from 0 on, or the curve only brackets the number.
        """
        low, high = self.bounds(tolerance)
        if low != high:
            raise ValueError(
                f"tolerance {tolerance:g} is bracketed only, {low:,} to {high:,} synapses: the "
                "product did not fit in memory; cheapfast.flattening_cost(net, tolerance="
                f"{tolerance:g}) multiplies once more and counts exactly"
            )
        return low

    def error(self, synapses: int) -> float:
        """Return the relative error that is left when only the largest entries are kept.

        Parameters
        ----------
        synapses : int
            How many entries are kept, 0 to `flat`.

        Returns
        -------
        float
            An upper bound if the curve is not `exact`.
        """
        if not 0 <= synapses <= self.flat:
            raise ValueError(f"synapses must be between 0 and {self.flat}, got {synapses}")
        dropped = self.flat - synapses
        group = int(np.searchsorted(self._counts, dropped, side="left"))
        total = float(self._sums[-1])
        return math.sqrt(float(self._sums[group]) / total) if total else 0.0

    def points(self) -> tuple[Array, Array]:
        """Return tolerances and synapses for a drawing, a few thousand of them.

        Returns
        -------
        tolerances, synapses : ndarray
            Tolerances ascend; a bracketed number is drawn from above.
        """
        groups = np.unique(np.linspace(0, len(self._sums) - 1, 4000).astype(np.int64))
        total = float(self._sums[-1])
        tolerances = np.sqrt(self._sums[groups] / total) if total else np.zeros(len(groups))
        return tolerances, self.flat - self._counts[groups]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the synapses against the tolerance.

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
        """
        from cheapfast import plotting

        return plotting.plot_tolerance_curve(self, ax)

    def __repr__(self) -> str:
        lines = [f"{'tolerance':>10}  {'synapses':>24}  C_s"]
        lines += [
            f"{tolerance:>10}  {synapses:>24}  {cost}" for tolerance, synapses, cost in self._rows()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        head = "<tr><th>tolerance</th><th>synapses</th><th>C<sub>s</sub></th></tr>"
        return f"<table>{head}{body}</table>"

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for tolerance in _SHOWN:
            low, high = self.bounds(tolerance)
            count = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            cost = f"{high / self.deep:.6g}" if self.deep else "nan"
            rows.append((f"{tolerance:g}", count, cost if low == high else f"<= {cost}"))
        return rows


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
    if not isinstance(net, Network):
        raise TypeError(f"net must be a cheapfast.Network, got {type(net).__name__}")
    net.require_linear("a tolerance curve")
    with reporting(progress, "multiplying layers") as report:
        blocks = FlatBlocks(net, threads, memory_limit, report)
        if blocks.in_memory:
            return _sorted_curve(net.synapses, blocks)
        return _binned_curve(net.synapses, blocks)


def check_tolerance(tolerance: Any) -> float:
    """Return a relative error as a float.

    Parameters
    ----------
    tolerance : float
        What the caller passed.

    Returns
    -------
    float
        Finite, at least 0.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is negative, NaN or infinite.
    """
    if isinstance(tolerance, (bool, np.bool_)) or not isinstance(
        tolerance, (int, float, np.integer, np.floating)
    ):
        raise TypeError(
            f"tolerance must be a number from 0 on, got {tolerance!r} ({type(tolerance).__name__})"
        )
    if not 0 <= tolerance < math.inf:  # NaN fails this too
        raise ValueError(f"tolerance must be finite and at least 0, got {tolerance!r}")
    return float(tolerance)


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
