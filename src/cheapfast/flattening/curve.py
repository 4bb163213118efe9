"""The synapses that an approximation needs, as a function of the error allowed to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast._tables import html_table
from cheapfast._validate import nonnegative

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

#: What is printed, and drawn from left to right.
_SHOWN = (0.0, 1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3)


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
        allowed = nonnegative(tolerance, "tolerance")
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
        TypeError
            If `ax` is no matplotlib axes.
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
        return html_table(("tolerance", "synapses", "C<sub>s</sub>"), self._rows())

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for tolerance in _SHOWN:
            low, high = self.bounds(tolerance)
            count = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            cost = f"{high / self.deep:.6g}" if self.deep else "nan"
            rows.append((f"{tolerance:g}", count, cost if low == high else f"<= {cost}"))
        return rows
