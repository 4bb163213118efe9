"""What every sparsity pattern can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from cheapfast import _memory

if TYPE_CHECKING:
    from cheapfast.support.csr import CsrSupport

_INT32_LIMIT = 2**31


def index_bytes(shape: tuple[int, int], nnz: int) -> int:
    """Return the size of one CSR index: 4 bytes where everything fits in 32 bits, else 8.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    nnz : int
        Number of entries.

    Returns
    -------
    int
        4 or 8.
    """
    return 4 if max(shape[0], shape[1], nnz) < _INT32_LIMIT else 8


def csr_pattern_bytes(shape: tuple[int, int], nnz: int) -> int:
    """Return the bytes of the two index arrays of a CSR matrix.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    nnz : int
        Number of entries.

    Returns
    -------
    int
        Bytes of ``indptr`` and ``indices`` together; the values are not included.
    """
    return index_bytes(shape, nnz) * (nnz + shape[0] + 1)


class Support(ABC):
    """A sparsity pattern: which entries of a matrix may be nonzero. Immutable.

    Sizes and counts are Python integers, exact at any size. `compose` multiplies two of them.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""

    @property
    @abstractmethod
    def nnz(self) -> int:
        """Number of entries, exact."""

    @property
    @abstractmethod
    def T(self) -> Support:
        """The transposed pattern."""

    @property
    @abstractmethod
    def every_row_occupied(self) -> bool:
        """Whether each row holds at least one entry."""

    @property
    @abstractmethod
    def every_column_occupied(self) -> bool:
        """Whether each column holds at least one entry."""

    @abstractmethod
    def _expand(self) -> CsrSupport:
        """Write the pattern out; the caller has checked that it fits."""

    @property
    def csr_bytes(self) -> int:
        """Bytes that `to_csr` needs for its two index arrays."""
        return csr_pattern_bytes(self.shape, self.nnz)

    @property
    def is_full(self) -> bool:
        """Whether every entry of the matrix is in the pattern."""
        return self.nnz == self.shape[0] * self.shape[1]

    def to_csr(self) -> CsrSupport:
        """Write the pattern out as CSR.

        Returns
        -------
        CsrSupport
            Canonical: columns sorted, none twice.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it would not fit in the memory available now.
        """
        _memory.require(
            self.csr_bytes,
            f"the support of a {self.shape[0]} x {self.shape[1]} matrix with {self.nnz} entries",
            "keep it symbolic: nnz and compose need no memory",
        )
        return self._expand()

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"{type(self).__name__}({rows}x{columns}, {self.nnz} entries)"
