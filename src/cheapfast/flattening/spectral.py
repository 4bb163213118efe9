"""Approximate flattening in the spectral norm: how many synapses it needs, from both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast._tables import html_facts
from cheapfast._validate import nonnegative
from cheapfast.flattening.blocks import require_finite, squared
from cheapfast.flattening.norms import NormBounds, simple_upper_bound, spectral_norm
from cheapfast.network import Network, require_network

#: Room for the rounding of sums of squares, on the side on which the bounds stay valid.
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class SpectralCost:
    """Bounds of the synapses that one layer needs within a relative spectral error.

    Attributes
    ----------
    deep : int
        Synapses of the network as it is.
    lower, upper : int
        No matrix within the error has fewer nonzeros than `lower`; one with `upper` is known.
    tolerance : float
        The relative error allowed.
    norm : NormBounds
        Bounds of the spectral norm of the network's matrix.
    """

    deep: int
    lower: int
    upper: int
    tolerance: float
    norm: NormBounds

    @property
    def ratio(self) -> tuple[float, float]:
        """The flattening cost C_s, from below and from above."""
        if not self.deep:
            return math.nan, math.nan
        return self.lower / self.deep, self.upper / self.deep

    def __repr__(self) -> str:
        low, high = self.ratio
        return (
            f"SpectralCost(deep={self.deep}, lower={self.lower}, upper={self.upper}, "
            f"ratio=({low:.6g}, {high:.6g}), tolerance={self.tolerance:g}, "
            f"norm=({self.norm.lower:.6g}, {self.norm.upper:.6g}))"
        )

    def _repr_html_(self) -> str:
        low, high = self.ratio
        rows = (
            ("deep", f"{self.deep:,} synapses"),
            ("flat, at least", f"{self.lower:,} synapses"),
            ("flat, at most", f"{self.upper:,} synapses"),
            ("flattening cost C<sub>s</sub>", f"{low:.6g} to {high:.6g}"),
            ("relative spectral error", f"{self.tolerance:g}"),
            ("spectral norm", f"{self.norm.lower:.6g} to {self.norm.upper:.6g}"),
        )
        return html_facts(rows)


def spectral_cost(net: Network, tolerance: float) -> SpectralCost:
    r"""Bound the synapses that one layer needs within a relative error in the spectral norm.

    Parameters
    ----------
    net : Network
        A linear network whose product fits in memory.
    tolerance : float
        Relative error allowed: :math:`\|P-Q\|_2\le\epsilon\,\|P\|_2`.

    Returns
    -------
    SpectralCost
        Certified from both sides; equal at tolerance 0.

    Raises
    ------
    TypeError, ValueError
        If the tolerance is no number from 0 on, the network is not linear, or its matrix holds NaN
        or infinities.
    MemoryError
        Before a product that would not fit.

    See Also
    --------
    tolerance_curve : the Frobenius norm, for which the least number is known.

    Notes
    -----
    Which entries to drop is a hard problem in this norm. From below: no row and no column of
    :math:`P-Q` is longer than its spectral norm, so within each the smallest entries whose squares
    sum to :math:`\epsilon^2\|P\|_2^2` are the most that can go, and the better of the two counts
    (over rows, over columns) is a bound. From above: the smallest entries of P are dropped, as many
    as an upper bound of their spectral norm (the lesser of the Frobenius norm and
    :math:`\sqrt{\|\cdot\|_1\|\cdot\|_\infty}`) allows. :math:`\|P\|_2` enters by the bound that
    keeps each statement true.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cost = cf.spectral_cost(cf.algorithms.haar(256), 0.5)
    >>> cost.deep, cost.lower, cost.upper, round(cost.norm.upper, 6)
    (2558, 1792, 2241, 1.0)
    """
    require_network(net)
    net.require_linear("a spectral norm")
    error = nonnegative(tolerance, "tolerance")
    matrix = net.to_csr()
    require_finite(matrix.data)
    norm = spectral_norm(matrix)
    if error == 0:
        return SpectralCost(net.synapses, matrix.nnz, matrix.nnz, error, norm)
    allowed = error * norm.upper * (1 + _ROUNDING)
    lower = max(_kept_in_rows(matrix, allowed), _kept_in_rows(matrix.T.tocsr(), allowed))
    upper = matrix.nnz - _droppable(matrix, error * norm.lower * (1 - _ROUNDING))
    return SpectralCost(net.synapses, lower, max(lower, upper), error, norm)


def _kept_in_rows(matrix: Any, length: float) -> int:
    """Count what stays if each row loses its smallest entries, up to a Euclidean length."""
    squares = squared(matrix.data)
    kept = 0
    for begin, end in zip(matrix.indptr[:-1].tolist(), matrix.indptr[1:].tolist(), strict=True):
        lost = np.cumsum(np.sort(squares[begin:end]))
        kept += end - begin - int(np.searchsorted(lost, length * length, side="right"))
    return kept


def _droppable(matrix: Any, allowed: float) -> int:
    """Find how many of the smallest entries have a certified spectral norm within what is allowed.

    The bound grows with every entry, so that the number is found by bisection.
    """
    order = np.argsort(squared(matrix.data), kind="stable")
    rank = np.empty(matrix.nnz, dtype=np.int64)
    rank[order] = np.arange(matrix.nnz)
    low, high = 0, matrix.nnz + 1  # low can be dropped, high cannot
    while high - low > 1:
        middle = (low + high) // 2
        if simple_upper_bound(_smallest(matrix, rank, middle)) <= allowed:
            low = middle
        else:
            high = middle
    return low


def _smallest(matrix: Any, rank: npt.NDArray[np.int64], number: int) -> Any:
    """Return the matrix with its smallest entries alone; the others are stored as zeros."""
    data = np.where(rank < number, matrix.data, 0)
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
