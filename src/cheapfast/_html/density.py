"""How full each part of a support is: the matrix cut into a grid of cells, at any size.

What is written out, or small enough to be, is counted entry by entry. A Kronecker pattern is
counted in closed form, cell by cell. Everything else is sampled: rows of each band of cells,
entries of each row, always the same ones.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from random import Random

import numpy as np
import numpy.typing as npt

from cheapfast._html.sampling import sample_row
from cheapfast.support import (
    CsrSupport,
    Identity,
    KroneckerSupport,
    Support,
)

Shares = npt.NDArray[np.float64]

_WRITTEN_OUT = 1 << 20  # entries and rows up to which a support is written out to be counted
_BAND_ENTRIES = 1 << 16  # entries looked at in one band of cells
_ROWS_A_BAND = 32
_ENTRIES_A_ROW = 8


def cell_shares(support: Support, cells: int) -> Shares:
    """Return the share of entries present in each cell of a grid.

    Parameters
    ----------
    support : Support
        Of any size.
    cells : int
        Cells along the longer side at most; fewer along a shorter side, at least a quarter of it.

    Returns
    -------
    ndarray of float64
        Between 0 and 1; cell (i, j) covers rows ``row_edges[i]:row_edges[i + 1]`` and so on.
    """
    rows, columns = _grid(support.shape, cells)
    row_edges, column_edges = _edges(support.shape[0], rows), _edges(support.shape[1], columns)
    if support.nnz == 0:
        return np.zeros((rows, columns))
    if isinstance(support, KroneckerSupport):
        return _kronecker_shares(support, row_edges, column_edges)
    if support.nnz + support.shape[0] <= _WRITTEN_OUT or isinstance(support, CsrSupport):
        counts = _csr_counts(support.to_csr(), row_edges, columns)
    else:
        counts = _sampled_counts(support, row_edges, columns)
    # Python's division of integers is right at any size; the cells' areas may be beyond int64
    areas = [
        [(r1 - r0) * (c1 - c0) for c0, c1 in _pairs(column_edges)] for r0, r1 in _pairs(row_edges)
    ]
    return np.minimum(counts / np.array(areas, dtype=np.float64), 1.0)


def _grid(shape: tuple[int, int], cells: int) -> tuple[int, int]:
    """Cells along each side: in proportion to the shape, but no thinner than 1 to 4."""
    longest = max(shape)
    return tuple(  # type: ignore[return-value]
        min(side, max(cells // 4, -(-side * cells // longest))) if longest else 0 for side in shape
    )


def _edges(side: int, cells: int) -> list[int]:
    """Where the cells begin and end: cell k holds the indices i with i * cells // side == k."""
    return [-(-side * k // cells) for k in range(cells + 1)] if cells else [0]


def _pairs(edges: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(edges))


def _csr_counts(support: CsrSupport, row_edges: list[int], columns: int) -> Shares:
    """Count entries band by band; of a full band only as many as a drawing can show."""
    rng = np.random.default_rng(0)
    counts = np.zeros((len(row_edges) - 1, columns))
    for band, (start, stop) in enumerate(_pairs(row_edges)):
        indices = support.indices[support.indptr[start] : support.indptr[stop]]
        if indices.size > _BAND_ENTRIES:
            weight = indices.size / _BAND_ENTRIES
            indices = indices[rng.integers(indices.size, size=_BAND_ENTRIES)]
        else:
            weight = 1.0
        cell = indices.astype(np.int64) * columns // support.shape[1]
        counts[band] = weight * np.bincount(cell, minlength=columns)
    return counts


def _sampled_counts(support: Support, row_edges: list[int], columns: int) -> Shares:
    """Estimate the entries in each cell from a few entries of a few rows of each band."""
    random = Random(0)
    counts = np.zeros((len(row_edges) - 1, columns))
    for band, (start, stop) in enumerate(_pairs(row_edges)):
        looked_at = min(_ROWS_A_BAND, stop - start)
        for _ in range(looked_at):
            found = sample_row(support, random.randrange(start, stop), _ENTRIES_A_ROW, random)
            for column, weight in found:
                cell = column * columns // support.shape[1]
                counts[band, cell] += weight * ((stop - start) / looked_at)
    return counts


def _kronecker_shares(
    support: KroneckerSupport, row_edges: list[int], column_edges: list[int]
) -> Shares:
    """Count each cell in closed form, leaving out regions which are empty or full."""
    prefix = cache(lambda row, column: _prefix(support, row_edges[row], column_edges[column]))
    shares = np.zeros((len(row_edges) - 1, len(column_edges) - 1))

    def fill(top: int, bottom: int, left: int, right: int) -> None:
        count = (
            prefix(bottom, right) - prefix(top, right) - prefix(bottom, left) + prefix(top, left)
        )
        area = (row_edges[bottom] - row_edges[top]) * (column_edges[right] - column_edges[left])
        if count == 0:
            return
        if count == area or (bottom - top == 1 and right - left == 1):
            shares[top:bottom, left:right] = count / area
        elif bottom - top >= right - left:
            middle = (top + bottom) // 2
            fill(top, middle, left, right)
            fill(middle, bottom, left, right)
        else:
            middle = (left + right) // 2
            fill(top, bottom, left, middle)
            fill(top, bottom, middle, right)

    fill(0, shares.shape[0], 0, shares.shape[1])
    return shares


def _prefix(support: KroneckerSupport, row: int, column: int) -> int:
    """Count the entries (i, j) with i < row and j < column.

    Split A (x) B at its first piece A: with row = r p + r', column = c q + c' for B of shape
    p x q, the entries are those of the whole blocks before (r, c), those of the parts of blocks in
    block row r and in block column c (each row of B has as many entries as any other, and each
    column), and those of B itself before (r', c') if A has the entry (r, c).
    """
    height, width = support.shape
    entries = support.nnz
    total = 0
    for piece in support.pieces:
        if isinstance(piece, Identity):
            side = piece.size
            height, width, entries = height // side, width // side, entries // side
        else:
            height, width = height // piece.rows, width // piece.columns
            entries //= piece.rows * piece.columns
        r, row = divmod(row, height)
        c, column = divmod(column, width)
        a_row, a_column = row * (entries // height), column * (entries // width)
        if isinstance(piece, Identity):
            total += min(r, c) * entries + (a_row if c > r else a_column if r > c else 0)
            if r != c or r == piece.size:
                return total
        else:
            total += r * c * entries + c * a_row + r * a_column
            if r == piece.rows or c == piece.columns:
                return total
    # what is left is the 1 x 1 pattern, of which nothing lies before (0, 0)
    return total + (1 if row and column else 0)
