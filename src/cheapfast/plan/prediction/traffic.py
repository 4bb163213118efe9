"""What a sparse layer reads of its operand, from a sample of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from cheapfast.layers import Sparse

Array = npt.NDArray[Any]

BLOCKS, BLOCK_ROWS = 8, 8  # neighbouring rows share what they read, so they are drawn together
_ENOUGH_ENTRIES = 4096  # to see how they lie within rows
_FAR = 64  # columns farther apart than such a part of all belong to different streams
_MARKED = 16  # times as many flags are written and read as fast as so many numbers are sorted


@dataclass(frozen=True)
class Traffic:
    """A sparse matrix, as far as the time that it takes depends on it.

    Parameters
    ----------
    rows, columns : int
    nonzeros : float
        Exact where it is an int.
    touched : float
        Different columns that a block of neighbouring rows names, a row of the block.
    fresh : float
        How many of them the block before did not name; all of them if there is no order.
    extent : float
        Columns between the first and the last of those that lie together, summed: what has to stay
        in a cache for the next block to find it there.
    uneven : float
        Share of the rows that are not as long as the row before.
    words : float
        Nonzeros of a row that are alone among 64 neighbouring columns are as many words, those that
        share them fewer: words a nonzero.
    """

    rows: int
    columns: int
    nonzeros: float
    touched: float
    fresh: float
    extent: float
    uneven: float
    words: float = 1.0

    def resized(self, nonzeros: int) -> Traffic:
        """Return the same traffic for another number of nonzeros, once that is known better.

        Parameters
        ----------
        nonzeros : int

        Returns
        -------
        Traffic
        """
        scale = nonzeros / self.nonzeros if self.nonzeros else 1.0
        return Traffic(
            self.rows,
            self.columns,
            nonzeros,
            min(self.touched * scale, self.columns),
            min(self.fresh * scale, self.columns),
            self.extent,
            self.uneven,
            self.words,
        )


def block_starts(rows: int) -> Array:
    """Return the first rows of the blocks of a sample, spread over all rows.

    Parameters
    ----------
    rows : int

    Returns
    -------
    numpy.ndarray
        Each with `BLOCK_ROWS` rows, or fewer at the end. Always the same: plans repeat.
    """
    if rows <= BLOCKS * BLOCK_ROWS:
        return np.arange(0, rows, BLOCK_ROWS)
    # a golden-ratio sequence: no period of the matrix is in step with it
    places = (0.5 + np.arange(BLOCKS) * 0.6180339887498949) % 1.0
    return np.unique((places * (rows - BLOCK_ROWS + 1)).astype(np.int64))


def layer_traffic(layer: Sparse) -> Traffic:
    """Look at some rows of a layer.

    Parameters
    ----------
    layer : Sparse

    Returns
    -------
    Traffic
    """
    indptr, indices, _ = layer.arrays()
    rows = layer.shape[0]
    starts = block_starts(rows)
    taken = [np.arange(start, min(start + BLOCK_ROWS, rows)) for start in starts]
    columns = [indices[indptr[block[0]] : indptr[block[-1] + 1]] for block in taken]
    sizes = [len(block) for block in taken]
    lengths = np.diff(indptr)[_joined(taken)]
    return sampled_traffic(_joined(columns), lengths, sizes, layer.shape, layer.synapses)


def band_traffic(shape: tuple[int, int], nonzeros: int, width: int) -> Traffic:
    """Describe a matrix whose rows have their nonzeros along a diagonal, as a convolution's.

    Parameters
    ----------
    shape : (int, int)
    nonzeros : int
    width : int
        Of the band.

    Returns
    -------
    Traffic
    """
    touched = (width + BLOCK_ROWS - 1) / BLOCK_ROWS
    return Traffic(*shape, nonzeros, touched, min(touched, 1.0), float(width), 0.0)


def sampled_traffic(
    columns: Array,
    lengths: Array,
    sizes: Sequence[int],
    shape: tuple[int, int],
    nonzeros: float,
) -> Traffic:
    """Describe a matrix by blocks of neighbouring rows.

    Parameters
    ----------
    columns : ndarray of int
        The column indices of the sampled rows, one after the other.
    lengths : ndarray of int
        How many each row has.
    sizes : sequence of int
        How many rows each block has.
    shape : (int, int)
        Of the matrix.
    nonzeros : float
        Of the matrix.

    Returns
    -------
    Traffic
    """
    blocks = Blocks(np.asarray(sizes, np.int64), np.zeros(len(sizes), np.int64))
    (traffic,) = sampled_traffics(columns, lengths, blocks, [shape], [nonzeros])
    return traffic


class Blocks(NamedTuple):
    """Blocks of neighbouring rows, of one or several matrices.

    Parameters
    ----------
    sizes : ndarray of int
        How many rows each block has.
    matrices : ndarray of int
        Which matrix it is of, in rising order.
    """

    sizes: Array
    matrices: Array


def sampled_traffics(
    columns: Array,
    lengths: Array,
    blocks: Blocks,
    shapes: Sequence[tuple[int, int]],
    nonzeros: Sequence[float],
) -> list[Traffic]:
    """Describe several matrices at once: of small ones, each call would be all overhead.

    Parameters
    ----------
    columns, lengths : ndarray of int
        As for `sampled_traffic`, the rows of all matrices one after the other.
    blocks : Blocks
    shapes : sequence of (int, int)
        Of the matrices.
    nonzeros : sequence of float
        Of the matrices.

    Returns
    -------
    list of Traffic
        What `sampled_traffic` says of each.
    """
    sizes, matrices = blocks
    count = len(shapes)
    heights, widths = np.array(shapes, np.int64).T
    block_of_row = np.repeat(np.arange(len(sizes)), sizes)
    matrix_of_row = matrices[block_of_row]
    touched, streams, extents = _reading(columns, lengths, blocks, block_of_row, widths)
    advance = sizes * (widths / np.maximum(heights, 1))[matrices]
    rows = np.maximum(np.bincount(matrix_of_row, minlength=count), 1)
    of_all = [
        np.bincount(matrices, touched, count) / rows,
        np.bincount(matrices, np.minimum(touched, streams * advance), count) / rows,
        np.bincount(matrices, extents, count) / np.maximum(np.bincount(matrices, None, count), 1),
        _uneven(lengths, block_of_row, matrix_of_row, count),
        _words(columns, lengths, matrix_of_row, widths),
    ]
    described = np.stack(of_all, axis=1).tolist()
    return [
        Traffic(*shape, entries, *one)
        for shape, entries, one in zip(shapes, nonzeros, described, strict=True)
    ]


def _reading(
    columns: Array, lengths: Array, blocks: Blocks, block_of_row: Array, widths: Array
) -> tuple[Array, Array, Array]:
    """Return, for each block, the columns that it reads, their streams, and how far they reach."""
    sizes, matrices = blocks
    # all blocks at once: a column's key is its own in each block, and far from those of the next
    strides = 2 * np.maximum(widths, 1)[matrices]
    ends = np.cumsum(strides)
    firsts = ends - strides
    bound = int(ends[-1:].sum())
    narrow = bound <= np.iinfo(np.int32).max  # sorted in half the time
    keys = np.repeat(firsts.astype(np.int32 if narrow else np.int64)[block_of_row], lengths)
    np.add(keys, columns, out=keys, casting="unsafe")  # columns may be of 64 bits
    distinct = _distinct(keys, bound)
    cuts = np.searchsorted(distinct, np.append(firsts, bound))
    touched = np.diff(cuts)
    gaps = _gaps(distinct, cuts, firsts - strides, matrices)
    far = np.maximum(widths // _FAR, 16)[matrices]
    apart = np.flatnonzero(gaps > np.repeat(far, touched))
    streams = np.bincount(np.searchsorted(cuts[1:], apart, side="right"), minlength=len(sizes))
    gaps[apart] = 0
    reached = np.append(0, np.cumsum(gaps))
    together = reached[cuts[1:]] - reached[cuts[:-1]]
    return touched, streams, together + streams


def _gaps(distinct: Array, cuts: Array, origins: Array, matrices: Array) -> Array:
    """Return how far each key is behind the one before it; the first of a matrix, behind 0."""
    gaps = np.diff(distinct, prepend=0).astype(np.int64, copy=False)
    filled = np.flatnonzero(np.diff(cuts))
    leading = filled[np.diff(matrices[filled], prepend=-1) > 0]
    leads = cuts[leading]
    gaps[leads] = distinct[leads] - origins[np.searchsorted(matrices, matrices[leading])]
    return gaps


def _distinct(keys: Array, bound: int) -> Array:
    """Return the different ones of some numbers below a bound, in rising order; may sort them."""
    if bound <= _MARKED * len(keys):
        seen = np.zeros(bound, np.bool_)
        seen[keys] = True
        return np.flatnonzero(seen)
    keys.sort()
    return keys[np.diff(keys, prepend=-1) > 0]


def _uneven(lengths: Array, block_of_row: Array, matrix_of_row: Array, count: int) -> Array:
    """Return the share of rows that are not as long as the one before, of each matrix."""
    same = np.diff(block_of_row) == 0
    changed = same & (np.diff(lengths) != 0)
    after = matrix_of_row[1:]
    pairs = np.bincount(after[same], minlength=count)
    return np.bincount(after[changed], minlength=count) / np.maximum(pairs, 1)


def _words(columns: Array, lengths: Array, matrix_of_row: Array, widths: Array) -> Array:
    """Return the words of 64 columns that a row touches, a nonzero; of the first rows only."""
    count = len(widths)
    before = np.cumsum(lengths) - lengths
    leads = np.searchsorted(matrix_of_row, np.arange(count))
    origins = np.append(before, 0)[leads]  # a matrix without rows may come last
    few = before - origins[matrix_of_row] < _ENOUGH_ENTRIES
    if not few.all():
        columns, lengths = columns[np.repeat(few, lengths)], np.where(few, lengths, 0)
    keys = np.repeat(np.arange(len(lengths)) * (widths.max(initial=0) // 64 + 1), lengths)
    keys += columns // 64
    if np.any(keys[1:] < keys[:-1]):  # rows whose columns are not in order
        keys.sort()
    matrix_of = np.repeat(matrix_of_row, lengths)  # rows are sorted, and stay where they are
    touched = np.bincount(matrix_of[np.diff(keys, prepend=-1) > 0], minlength=count)
    entries = np.bincount(matrix_of, minlength=count)
    return np.where(entries > 0, touched / np.maximum(entries, 1), 1.0)


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.zeros(0, np.int64), *arrays])
