"""Upper bounds of what a product takes, so that a peer is left out before it runs out of memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Cost:
    """Bounds for multiplying a chain from right to left (data-flow order).

    Parameters
    ----------
    pairs : int
        Multiplications of nonzeros in all products together.
    nonzeros : tuple of int
        Nonzeros of the product so far, one entry a factor, in data-flow order.
    rows : tuple of int
        Rows of the product so far.
    """

    pairs: int
    nonzeros: tuple[int, ...]
    rows: tuple[int, ...]

    @property
    def largest_step(self) -> int:
        """The most nonzeros that one product and the one before it have together."""
        pairs = zip(self.nonzeros, (0, *self.nonzeros), strict=False)
        return max((now + before for now, before in pairs), default=0)


def upper_bounds(matrices: Sequence[Any]) -> Cost:
    """Bound the nonzeros of every product so far, in one pass over the factors.

    Parameters
    ----------
    matrices : sequence of scipy.sparse.csr_array
        The factors in matrix order.

    Returns
    -------
    Cost

    Notes
    -----
    A row of ``A @ B`` has at most as many nonzeros as the rows of ``B`` that it meets have
    together, and at most one a column. Floating point is enough: this decides what to leave out.
    """
    pairs = 0.0
    nonzeros: list[int] = []
    rows: list[int] = []
    reach: Any = None
    for matrix in reversed(matrices):
        if reach is None:
            reach = np.diff(matrix.indptr).astype(np.float64)
        else:
            sums = np.concatenate([[0.0], np.cumsum(reach[matrix.indices])])
            reach = sums[matrix.indptr[1:]] - sums[matrix.indptr[:-1]]
            pairs += float(reach.sum())
        reach = np.minimum(reach, matrices[-1].shape[1])
        nonzeros.append(int(reach.sum()))
        rows.append(matrix.shape[0])
    return Cost(int(pairs), tuple(nonzeros), tuple(rows))
