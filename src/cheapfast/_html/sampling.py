"""A few entries of one row of a support, without writing the support out."""

from __future__ import annotations

from random import Random

from cheapfast.support import (
    ConvolutionSupport,
    CsrSupport,
    DigitPermutation,
    DirectSumSupport,
    Identity,
    IndexPermutation,
    KroneckerSupport,
    PermutationMap,
    PermutedSupport,
    Support,
)

Found = list[tuple[int, float]]  # columns, and how many entries of the row each stands for


def sample_row(support: Support, row: int, count: int, random: Random) -> Found:
    """Return entries of one row.

    Parameters
    ----------
    support : Support
    row : int
    count : int
        How many to return; with fewer in the row, some come twice.
    random : random.Random

    Returns
    -------
    list of (int, float)
        Columns, and the number of entries of the row that each stands for.
    """
    if isinstance(support, KroneckerSupport):
        return _of_kronecker(support, row, count, random)
    if isinstance(support, PermutedSupport):
        source = row if support.rows is None else permuted_index(support.rows, row)
        found = sample_row(support.core, source, count, random)
        if support.columns is None:
            return found
        return [(permuted_index(support.columns, column), weight) for column, weight in found]
    if isinstance(support, ConvolutionSupport):
        return _of_convolution(support, row, count, random)
    if isinstance(support, DirectSumSupport):
        return _of_direct_sum(support, row, count, random)
    if isinstance(support, CsrSupport):
        return _of_csr(support, row, count, random)
    return []  # an EmptySupport inside a direct sum


def permuted_index(permutation: PermutationMap, index: int) -> int:
    """Return the one entry of row `index` of a permutation matrix.

    Parameters
    ----------
    permutation : PermutationMap
    index : int

    Returns
    -------
    int
    """
    if isinstance(permutation, IndexPermutation):
        return int(permutation.indices()[index])
    assert isinstance(permutation, DigitPermutation)
    strides = [1] * len(permutation.radices)
    for axis in range(len(strides) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * permutation.radices[axis]
    source = 0
    for axis in reversed(permutation.axes):
        index, digit = divmod(index, permutation.radices[axis])
        source += digit * strides[axis]
    return source


def _of_kronecker(support: KroneckerSupport, row: int, count: int, random: Random) -> Found:
    """Draw the digits that are free (blocks of ones), copy those that are not (identities)."""
    entries = support.nnz // support.shape[0]  # every row has as many
    count = 1 if entries == 1 else count
    weight = entries / count
    columns = [0] * count
    height = support.shape[0]
    for piece in support.pieces:
        height //= piece[0]
        digit, row = divmod(row, height)
        if isinstance(piece, Identity):
            columns = [column * piece.size + digit for column in columns]
        else:
            columns = [c * piece.columns + random.randrange(piece.columns) for c in columns]
    return [(column, weight) for column in columns]


def _of_convolution(support: ConvolutionSupport, row: int, count: int, random: Random) -> Found:
    """Draw offsets; those that lead outside the input are dropped, as the pattern does."""
    index: list[int] = []
    for side in reversed(support.out_shape):
        row, part = divmod(row, side)
        index.insert(0, part)
    box = support.box
    offsets = [] if box is not None else sorted(support.offsets)
    weight = (len(offsets) if box is None else box.size) / count
    found = []
    for _ in range(count):
        if box is None:
            offset = random.choice(offsets)
        else:
            offset = tuple(map(random.randrange, box.low, box.high))
        source = [i - part for i, part in zip(index, offset, strict=True)]
        if support.circular:
            source = [j % side for j, side in zip(source, support.in_shape, strict=True)]
        if all(0 <= j < side for j, side in zip(source, support.in_shape, strict=True)):
            column = 0
            for j, side in zip(source, support.in_shape, strict=True):
                column = column * side + j
            found.append((column, weight))
    return found


def _of_direct_sum(support: DirectSumSupport, row: int, count: int, random: Random) -> Found:
    left = 0
    for block in support.blocks:
        if row < block.shape[0]:
            found = sample_row(block, row, count, random) if block.nnz else []
            return [(left + column, weight) for column, weight in found]
        row -= block.shape[0]
        left += block.shape[1]
    raise IndexError("row is beyond the pattern")


def _of_csr(support: CsrSupport, row: int, count: int, random: Random) -> Found:
    start, stop = int(support.indptr[row]), int(support.indptr[row + 1])
    if start == stop:
        return []
    picked = [random.randrange(start, stop) for _ in range(count)]
    return [(int(support.indices[k]), (stop - start) / count) for k in picked]
