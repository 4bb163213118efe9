"""What a sparse layer reads of its operand, from a sample of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from cheapfast.layers import Sparse

Array = npt.NDArray[Any]

BLOCKS, BLOCK_ROWS = 8, 8  # neighbouring rows share what they read, so they are drawn together
_ENOUGH_ENTRIES = 4096  # to see how they lie within rows
_FAR = 64  # columns farther apart than such a part of all belong to different streams


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
    block_of_row = np.repeat(np.arange(len(sizes)), sizes)
    same = np.diff(block_of_row) == 0
    uneven = float(np.count_nonzero(np.diff(lengths)[same])) / max(int(np.count_nonzero(same)), 1)
    # all blocks at once: a column's key is its own in each block, and far from those of the next
    stride = 2 * max(shape[1], 1)
    narrow = len(sizes) * stride <= np.iinfo(np.int32).max  # sorted in half the time
    firsts = (block_of_row * stride).astype(np.int32 if narrow else np.int64)
    keys = np.repeat(firsts, lengths)
    np.add(keys, columns, out=keys, casting="unsafe")  # columns may be of 64 bits
    keys.sort()
    distinct = keys[np.diff(keys, prepend=-1) > 0]
    gaps = np.diff(distinct, prepend=-stride)
    apart = gaps > max(shape[1] // _FAR, 16)
    block_of = distinct // stride
    touched = np.bincount(block_of, minlength=len(sizes))
    streams = np.bincount(block_of[apart], minlength=len(sizes))
    together = np.bincount(block_of[~apart], weights=gaps[~apart], minlength=len(sizes))
    advance = np.asarray(sizes) * (shape[1] / max(shape[0], 1))
    rows = max(len(lengths), 1)
    return Traffic(
        *shape,
        nonzeros=nonzeros,
        touched=float(touched.sum()) / rows,
        fresh=float(np.minimum(touched, streams * advance).sum()) / rows,
        extent=float((together + streams).sum()) / max(len(sizes), 1),
        uneven=uneven,
        words=_words(columns, lengths, shape[1]),
    )


def _words(columns: Array, lengths: Array, width: int) -> float:
    """Return the words of 64 columns that a row touches, a nonzero; of the first rows only."""
    rows = int(np.searchsorted(np.cumsum(lengths), _ENOUGH_ENTRIES)) + 1
    few = lengths[:rows]
    entries = int(few.sum())
    if entries == 0:
        return 1.0
    keys = np.repeat(np.arange(len(few)) * (width // 64 + 1), few) + columns[:entries] // 64
    keys.sort()
    return (1 + int(np.count_nonzero(np.diff(keys)))) / entries


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.zeros(0, np.int64), *arrays])
