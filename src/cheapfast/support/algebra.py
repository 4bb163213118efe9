"""Products of patterns in closed form, where there is one.

`compose` returns the pattern of the boolean product (an entry is there if some path joins output
and input), or None where no closed form is known; it never guesses. The counting kernels take over
then.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from cheapfast.support.base import Support
from cheapfast.support.convolution import ConvolutionSupport, convolution_support
from cheapfast.support.csr import EmptySupport
from cheapfast.support.direct_sum import DirectSumSupport, split_direct_sum
from cheapfast.support.kronecker import KroneckerSupport
from cheapfast.support.offsets import Box, Offset
from cheapfast.support.permutation import DigitPermutation, PermutationMap, compose_permutations
from cheapfast.support.permuted import PermutedSupport
from cheapfast.support.pieces import group_by_rows, multiply_pieces

_LARGEST_SUM = 1 << 22  # pairs of offsets; beyond, writing the patterns out is cheaper


def compose(left: Support, right: Support) -> Support | None:
    """Return the pattern of the boolean product left . right.

    Parameters
    ----------
    left, right : Support
        In matrix order: `right` is applied first.

    Returns
    -------
    Support or None
        Exact; None where there is no closed form.

    Raises
    ------
    ValueError
        If the inner dimensions differ.

    Notes
    -----
    The rules, in order: an empty inner dimension or an empty factor gives the empty pattern; a
    diagonal factor returns the other one; a full factor absorbs any factor without empty columns
    (rows); Kronecker products multiply piece by piece; permutations are moved aside; convolutions
    add their offsets; direct sums multiply block by block.

    Examples
    --------
    >>> first, second = KroneckerSupport.pattern(1, 2, 2, 2), KroneckerSupport.pattern(2, 2, 2, 1)
    >>> compose(second, first)
    KroneckerSupport(1_4x4)
    """
    inner = left.shape[1]
    if inner != right.shape[0]:
        raise ValueError(
            f"left and right must chain: left has {inner} columns, right has {right.shape[0]} rows"
        )
    if inner == 0:
        return EmptySupport((left.shape[0], right.shape[1]))
    if type(left) is KroneckerSupport and type(right) is KroneckerSupport:
        return _compose_kronecker(left, right)
    if isinstance(left, EmptySupport) or isinstance(right, EmptySupport):
        return EmptySupport((left.shape[0], right.shape[1]))
    if isinstance(left, KroneckerSupport):
        if left.is_identity:
            return right
        if left.is_full and right.every_column_occupied:
            return KroneckerSupport.dense(left.shape[0], right.shape[1])
    elif isinstance(right, KroneckerSupport):
        if right.is_identity:
            return left
        if right.is_full and left.every_row_occupied:
            return KroneckerSupport.dense(left.shape[0], right.shape[1])
    if isinstance(left, PermutedSupport) or isinstance(right, PermutedSupport):
        return _compose_permuted(left, right)
    if isinstance(left, ConvolutionSupport) and isinstance(right, ConvolutionSupport):
        return _compose_convolutions(left, right)
    if isinstance(left, DirectSumSupport) or isinstance(right, DirectSumSupport):
        return _compose_direct_sums(left, right)
    return None


def _compose_kronecker(left: KroneckerSupport, right: KroneckerSupport) -> Support | None:
    """Multiply two Kronecker products; the inner dimension is not 0."""
    shape = (left.shape[0], right.shape[1])
    if not shape[0] or not shape[1]:
        return EmptySupport(shape)
    pieces = multiply_pieces(left.pieces, right.pieces)
    return None if pieces is None else KroneckerSupport._from_canonical(pieces, shape)


class _Factors(NamedTuple):
    """A pattern as rows . core . columns; None is the identity permutation."""

    rows: PermutationMap | None
    core: Support
    columns: PermutationMap | None


def _factors(support: Support) -> _Factors:
    if isinstance(support, PermutedSupport):
        return _Factors(support.rows, support.core, support.columns)
    return _Factors(None, support, None)


def _compose_permuted(left: Support, right: Support) -> Support | None:
    """Compose where at least one of the two is permuted.

    rows . A . (columns . rows') . B . columns': the permutation in the middle cancels, is absorbed
    by a full or moved past a diagonal or Kronecker core, and the cores are composed.
    """
    outer_rows, A, between_left = _factors(left)
    between_right, B, outer_columns = _factors(right)
    known, middle = _chained(between_left, between_right)
    if not known:
        return None
    if middle is not None:
        moved = _move_aside(A, middle, B)
        if moved is None:
            return None
        A, B, new_rows, new_columns = moved
        known_rows, outer_rows = _chained(outer_rows, new_rows)
        known_columns, outer_columns = _chained(new_columns, outer_columns)
        if not (known_rows and known_columns):
            return None
    core = compose(A, B)
    return None if core is None else permuted(core, outer_rows, outer_columns)


def permuted(core: Support, rows: PermutationMap | None, columns: PermutationMap | None) -> Support:
    """Permute a pattern and bring the result to its simplest form.

    Parameters
    ----------
    core : Support
        What is permuted.
    rows, columns : PermutationMap or None
        The permutation matrices on the left and on the right.

    Returns
    -------
    Support
        The core itself where permuting changes nothing; a diagonal or Kronecker core keeps a
        permutation of its columns only, where the digits allow that.
    """
    if isinstance(core, PermutedSupport):
        known_rows, new_rows = _chained(rows, core.rows)
        known_columns, new_columns = _chained(core.columns, columns)
        if known_rows and known_columns:
            return permuted(core.core, new_rows, new_columns)
        return PermutedSupport(core, rows, columns)
    if (rows is None and columns is None) or core.is_full or core.nnz == 0:
        return core
    if isinstance(core, KroneckerSupport) and core.is_identity and rows is not None:
        known, both = _chained(rows, columns)
        if known:
            return core if both is None else PermutedSupport(core, None, both)
    elif isinstance(core, KroneckerSupport) and isinstance(rows, DigitPermutation):
        past = _commute(rows, core)
        known, both = (False, None) if past is None else _chained(past[1], columns)
        if past is not None and known:
            return past[0] if both is None else PermutedSupport(past[0], None, both)
    return PermutedSupport(core, rows, columns)


def _chained(
    outer: PermutationMap | None, inner: PermutationMap | None
) -> tuple[bool, PermutationMap | None]:
    """Whether the product of two permutations is known, and the product (None is the identity)."""
    if outer is None or inner is None:
        only = inner if outer is None else outer
        return True, None if only is None or only.is_identity else only
    product = compose_permutations(outer, inner)
    if product is None:
        return False, None
    return True, None if product.is_identity else product


def _move_aside(
    A: Support, middle: PermutationMap, B: Support
) -> tuple[Support, Support, PermutationMap | None, PermutationMap | None] | None:
    """Rewrite A . middle . B as rows . A' . B' . columns."""
    if A.is_full or B.is_full:
        # A full factor does not see an order; B full: its rows are all alike.
        return A, B, None, None
    if isinstance(A, KroneckerSupport) and A.is_identity:
        return A, B, middle, None
    if isinstance(B, KroneckerSupport) and B.is_identity:
        return A, B, None, middle
    if not isinstance(middle, DigitPermutation):
        return None
    if isinstance(B, KroneckerSupport):
        past = _commute(middle, B)
        if past is not None:
            return A, past[0], None, past[1]
    if isinstance(A, KroneckerSupport):
        past = _commute(middle.inverse, A.T)
        if past is not None:
            return past[0].T, B, past[1].inverse, None
    return None


def _commute(
    permutation: DigitPermutation, support: KroneckerSupport
) -> tuple[KroneckerSupport, DigitPermutation] | None:
    """Write permutation . (G_0 (x) G_1 (x) ...) as (G_{axes[0]} (x) ...) . permutation'.

    Each group G_i has as many rows as the i-th digit; the columns are permuted in the same order.
    """
    groups = group_by_rows(support.pieces, permutation.radices)
    if groups is None:
        return None
    columns = [math.prod([piece[-1] for piece in group]) for group in groups]
    turned = KroneckerSupport([p for axis in permutation.axes for p in groups[axis]])
    return turned, DigitPermutation(columns, permutation.axes)


def _compose_convolutions(left: ConvolutionSupport, right: ConvolutionSupport) -> Support | None:
    """Add the offsets, where no path is lost at the borders."""
    if left.circular != right.circular or left.in_shape != right.out_shape:
        return None
    if not left.circular and not _nothing_is_clipped(left, right):
        return None
    offsets: Box | set[Offset]
    if left.box is not None and right.box is not None:
        low = tuple([a + b for a, b in zip(left.box.low, right.box.low, strict=True)])
        high = tuple([a + b - 1 for a, b in zip(left.box.high, right.box.high, strict=True)])
        offsets = Box(low, high)
    else:
        if _offset_count(left) * _offset_count(right) > _LARGEST_SUM:
            return None
        offsets = {
            tuple([a + b for a, b in zip(one, other, strict=True)])
            for one in left.offsets
            for other in right.offsets
        }
    return convolution_support(offsets, right.in_shape, left.out_shape, left.circular)


def _offset_count(support: ConvolutionSupport) -> int:
    return len(support.offsets) if support.box is None else support.box.size


def _nothing_is_clipped(left: ConvolutionSupport, right: ConvolutionSupport) -> bool:
    """Whether Toeplitz offsets just add.

    Either along every axis all middle indices that offsets ask for exist ("full" first or "valid"
    last); or both sets are boxes: the middle index then lies in three intervals along each axis
    (from the row, from the column, the grid), which meet if they meet in pairs (Helly), so no row
    of the left and no column of the right may be empty.
    """
    if left.box is not None and right.box is not None:
        return left.every_row_occupied and right.every_column_occupied
    return all(
        keeps_columns or keeps_rows
        for keeps_columns, keeps_rows in zip(
            _unclipped_columns(right), _unclipped_columns(left.T), strict=True
        )
    )


def _unclipped_columns(support: ConvolutionSupport) -> list[bool]:
    """Along each axis, whether every input reaches an output by every offset."""
    along = zip(*support.offsets, strict=True)
    return [
        min(offsets) >= 0 and max(offsets) + n <= m
        for offsets, n, m in zip(along, support.in_shape, support.out_shape, strict=True)
    ]


def _compose_direct_sums(left: Support, right: Support) -> Support | None:
    """Multiply block by block, where both split the inner dimension alike."""
    blocks = split_direct_sum(left, right)
    if blocks is None:
        return None
    products = []
    for one, other in blocks:
        product = compose(one, other)
        if product is None:
            return None
        products.append(product)
    return DirectSumSupport(products)
