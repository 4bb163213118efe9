"""Patterns with permuted rows and columns."""

from __future__ import annotations

import numpy as np

from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport
from cheapfast.support.permutation import PermutationMap


class PermutedSupport(Support):
    """A pattern with its rows and columns permuted: rows . core . columns, as matrices.

    Parameters
    ----------
    core : Support
        What is permuted.
    rows, columns : PermutationMap, optional
        The permutation matrices on the left and on the right; None means none.

    Examples
    --------
    >>> from cheapfast.support import DigitPermutation, KroneckerSupport
    >>> reversal = DigitPermutation.reversal((2,) * 60)
    >>> PermutedSupport(KroneckerSupport.pattern(2**59, 2, 2, 1), columns=reversal).nnz == 2**61
    True
    """

    __slots__ = ("_columns", "_core", "_rows")

    def __init__(
        self,
        core: Support,
        rows: PermutationMap | None = None,
        columns: PermutationMap | None = None,
    ) -> None:
        self._core = core
        self._rows = rows
        self._columns = columns

    @property
    def core(self) -> Support:
        """The pattern that is permuted."""
        return self._core

    @property
    def rows(self) -> PermutationMap | None:
        """The permutation matrix on the left; None if there is none."""
        return self._rows

    @property
    def columns(self) -> PermutationMap | None:
        """The permutation matrix on the right; None if there is none."""
        return self._columns

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return self._core.shape

    @property
    def nnz(self) -> int:
        """Number of entries, exact: a permutation changes none."""
        return self._core.nnz

    @property
    def T(self) -> PermutedSupport:
        """The transposed pattern."""
        rows = None if self._columns is None else self._columns.inverse
        columns = None if self._rows is None else self._rows.inverse
        return PermutedSupport(self._core.T, rows, columns)

    @property
    def every_row_occupied(self) -> bool:
        """Whether each row holds at least one entry."""
        return self._core.every_row_occupied

    @property
    def every_column_occupied(self) -> bool:
        """Whether each column holds at least one entry."""
        return self._core.every_column_occupied

    def _expand(self) -> CsrSupport:
        core = self._core.to_csr()
        dtype = core.indices.dtype
        indptr, columns = core.indptr, core.indices
        if self._rows is not None:
            source = self._rows.indices()
            counts = np.diff(indptr)[source]
            starts = indptr[source]
            indptr = np.concatenate([[0], np.cumsum(counts)]).astype(dtype)
            within = np.arange(len(columns), dtype=dtype) - np.repeat(indptr[:-1], counts)
            columns = columns[np.repeat(starts, counts) + within]
        if self._columns is not None:
            columns = self._columns.indices().astype(dtype, copy=False)[columns]
            row_of_entry = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
            columns = columns[np.lexsort((columns, row_of_entry))]
        return CsrSupport(core.shape, indptr, columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PermutedSupport):
            return NotImplemented
        return (
            self._core == other._core
            and self._rows == other._rows
            and self._columns == other._columns
        )

    def __hash__(self) -> int:
        return hash((self._core, self._rows, self._columns))
