"""Patterns that are written out entry by entry, and the pattern without entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._arrays import aligned, read_only
from cheapfast.support.base import Support, index_bytes

IndexArray = npt.NDArray[Any]


def index_dtype(shape: tuple[int, int], nnz: int) -> np.dtype[Any]:
    """Return the dtype of the index arrays: int32 where everything fits, else int64.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    nnz : int
        Number of entries.

    Returns
    -------
    numpy.dtype
    """
    return np.dtype(np.int32 if index_bytes(shape, nnz) == 4 else np.int64)


class CsrSupport(Support):
    """A pattern in compressed sparse row form, canonical: columns ascending in a row, none twice.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    indptr, indices : numpy.ndarray
        As in `scipy.sparse.csr_array`, both int32 or both int64. They are borrowed, not copied, and
        must be valid and canonical: the layer that owns them has checked that.

    Raises
    ------
    TypeError
        If the arrays are not both int32 or both int64.
    ValueError
        If their lengths do not match the shape.

    Examples
    --------
    >>> CsrSupport((2, 3), np.array([0, 1, 3]), np.array([2, 0, 1]))
    CsrSupport(2x3, 3 entries)
    """

    __slots__ = ("_columns_occupied", "_indices", "_indptr", "_shape")

    def __init__(self, shape: tuple[int, int], indptr: IndexArray, indices: IndexArray) -> None:
        if indptr.dtype != indices.dtype or indptr.dtype not in (np.int32, np.int64):
            raise TypeError(
                "indptr and indices must be both int32 or both int64, "
                f"got {indptr.dtype} and {indices.dtype}"
            )
        if indptr.shape != (shape[0] + 1,) or indices.shape != (int(indptr[-1]),):
            raise ValueError(
                f"indptr must have {shape[0] + 1} entries and end at the number of indices, "
                f"got shapes {indptr.shape} and {indices.shape}"
            )
        self._shape = (int(shape[0]), int(shape[1]))
        self._indptr = read_only(aligned(indptr))
        self._indices = read_only(aligned(indices))
        self._columns_occupied: bool | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return self._shape

    @property
    def indptr(self) -> IndexArray:
        """Row i holds the entries indptr[i] to indptr[i + 1] of `indices`; read-only."""
        return self._indptr

    @property
    def indices(self) -> IndexArray:
        """Columns of the entries, row after row; read-only."""
        return self._indices

    @property
    def nnz(self) -> int:
        """Number of entries, exact."""
        return int(self._indices.shape[0])

    @property
    def T(self) -> CsrSupport:
        """The transposed pattern, written out."""
        rows, columns = self._shape
        counts = np.bincount(self._indices, minlength=columns)
        indptr = np.zeros(columns + 1, dtype=self._indptr.dtype)
        np.cumsum(counts, out=indptr[1:])
        # A stable sort by column leaves the rows of each column ascending.
        order = np.argsort(self._indices, kind="stable")
        row_of_entry = np.repeat(np.arange(rows, dtype=self._indices.dtype), np.diff(self._indptr))
        return CsrSupport((columns, rows), indptr, row_of_entry[order])

    @property
    def every_row_occupied(self) -> bool:
        """Whether each row holds at least one entry."""
        return bool(np.all(self._indptr[1:] > self._indptr[:-1]))

    @property
    def every_column_occupied(self) -> bool:
        """Whether each column holds at least one entry; one pass over them, then remembered."""
        if self._columns_occupied is None:
            columns = self._shape[1]
            if self.nnz < columns:
                self._columns_occupied = False
            else:
                seen = np.zeros(columns, dtype=bool)
                seen[self._indices] = True
                self._columns_occupied = bool(seen.all())
        return self._columns_occupied

    def _expand(self) -> CsrSupport:
        return self

    def to_csr(self) -> CsrSupport:
        """Return the pattern itself: it is written out already.

        Returns
        -------
        CsrSupport
        """
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CsrSupport):
            return NotImplemented
        return (
            self._shape == other._shape
            and np.array_equal(self._indptr, other._indptr)
            and np.array_equal(self._indices, other._indices)
        )

    def __hash__(self) -> int:
        return hash((self._shape, self.nnz))


class EmptySupport(Support):
    """The pattern without entries, of any shape: a zero matrix.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns; either may be 0.

    Examples
    --------
    >>> EmptySupport((2**60, 3)).nnz
    0
    """

    __slots__ = ("_shape",)

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = (int(shape[0]), int(shape[1]))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return self._shape

    @property
    def nnz(self) -> int:
        """Number of entries: 0."""
        return 0

    @property
    def T(self) -> EmptySupport:
        """The transposed pattern."""
        return EmptySupport((self._shape[1], self._shape[0]))

    @property
    def every_row_occupied(self) -> bool:
        """True only where there is no row."""
        return self._shape[0] == 0

    @property
    def every_column_occupied(self) -> bool:
        """True only where there is no column."""
        return self._shape[1] == 0

    def _expand(self) -> CsrSupport:
        dtype = index_dtype(self._shape, 0)
        return CsrSupport(
            self._shape, np.zeros(self._shape[0] + 1, dtype=dtype), np.empty(0, dtype=dtype)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EmptySupport):
            return NotImplemented
        return self._shape == other._shape

    def __hash__(self) -> int:
        return hash(("empty", self._shape))
