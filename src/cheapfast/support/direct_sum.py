"""Block diagonal patterns: a layer next to wires that pass the other features through."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport, index_dtype
from cheapfast.support.kronecker import KroneckerSupport
from cheapfast.support.pieces import Identity


class DirectSumSupport(Support):
    """Patterns along a diagonal, zero elsewhere.

    Parameters
    ----------
    blocks : iterable of Support
        From top left to bottom right; direct sums among them are flattened, neighbouring identities
        merged.

    Examples
    --------
    >>> block = KroneckerSupport.dense(2, 2)
    >>> DirectSumSupport([block, KroneckerSupport.identity(3)]).nnz
    7
    """

    __slots__ = ("_blocks", "_shape")

    def __init__(self, blocks: Iterable[Support]) -> None:
        flat: list[Support] = []
        for block in blocks:
            flat.extend(block.blocks if isinstance(block, DirectSumSupport) else (block,))
        merged: list[Support] = []
        for block in flat:
            if merged and _is_identity(block) and _is_identity(merged[-1]):
                merged[-1] = KroneckerSupport.identity(merged[-1].shape[0] + block.shape[0])
            else:
                merged.append(block)
        self._blocks = tuple(merged)
        self._shape = (
            sum(block.shape[0] for block in merged),
            sum(block.shape[1] for block in merged),
        )

    @property
    def blocks(self) -> tuple[Support, ...]:
        """The blocks, from top left to bottom right."""
        return self._blocks

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return self._shape

    @property
    def nnz(self) -> int:
        """Number of entries, exact: the sum over the blocks."""
        return sum(block.nnz for block in self._blocks)

    @property
    def T(self) -> DirectSumSupport:
        """The transposed pattern."""
        return DirectSumSupport([block.T for block in self._blocks])

    @property
    def every_row_occupied(self) -> bool:
        """Whether each row holds at least one entry."""
        return all(block.every_row_occupied for block in self._blocks)

    @property
    def every_column_occupied(self) -> bool:
        """Whether each column holds at least one entry."""
        return all(block.every_column_occupied for block in self._blocks)

    def _expand(self) -> CsrSupport:
        dtype = index_dtype(self._shape, self.nnz)
        indptr = [np.zeros(1, dtype=dtype)]
        indices = [np.empty(0, dtype=dtype)]
        entries = columns = 0
        for block in self._blocks:
            written = block.to_csr()
            indptr.append(written.indptr[1:].astype(dtype) + dtype.type(entries))
            indices.append(written.indices.astype(dtype) + dtype.type(columns))
            entries += written.nnz
            columns += block.shape[1]
        return CsrSupport(self._shape, np.concatenate(indptr), np.concatenate(indices))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DirectSumSupport):
            return NotImplemented
        return self._blocks == other._blocks

    def __hash__(self) -> int:
        return hash(self._blocks)


def split_direct_sum(left: Support, right: Support) -> list[tuple[Support, Support]] | None:
    """Pair the blocks of two patterns so that the product is the direct sum of the pairs' products.

    Parameters
    ----------
    left, right : Support
        left.shape[1] == right.shape[0]; at least one is a `DirectSumSupport`.

    Returns
    -------
    list of pairs, or None
        Blocks whose inner dimensions agree; None if a block would have to be split that cannot be.
    """
    ours = _blocks_of(left)[::-1]
    theirs = _blocks_of(right)[::-1]
    pairs: list[tuple[Support, Support]] = []
    while ours and theirs:
        one, other = ours.pop(), theirs.pop()
        common = min(one.shape[1], other.shape[0])
        split_one = _split(one, common, axis=1)
        split_other = _split(other, common, axis=0)
        if split_one is None or split_other is None:
            return None
        pairs.append((split_one[0], split_other[0]))
        ours.extend(split_one[1:])
        theirs.extend(split_other[1:])
    # What is left over has no inner dimension: rows or columns without a path.
    pairs.extend((rest, KroneckerSupport.dense(0, 0)) for rest in reversed(ours))
    pairs.extend((KroneckerSupport.dense(0, 0), rest) for rest in reversed(theirs))
    return pairs


def _blocks_of(support: Support) -> list[Support]:
    return list(support.blocks) if isinstance(support, DirectSumSupport) else [support]


def _is_identity(support: Support) -> bool:
    return isinstance(support, KroneckerSupport) and support.is_identity


def _split(block: Support, size: int, axis: int) -> list[Support] | None:
    """Split I_k (x) core in two, the first with `size` rows (axis 0) or columns (axis 1)."""
    if block.shape[axis] == size:
        return [block]
    if not isinstance(block, KroneckerSupport) or not block.pieces:
        return None
    first, *rest = block.pieces
    if not isinstance(first, Identity):
        return None
    unit = block.shape[axis] // first.size
    if unit == 0 or size % unit:
        return None
    count = size // unit
    return [KroneckerSupport([Identity(part), *rest]) for part in (count, first.size - count)]
