"""Patterns that are Kronecker products of identities and blocks of ones.

A fast transform is a product of such patterns: the butterfly of size r with stride d is
I_a (x) 1_{r x r} (x) I_d. They multiply piece by piece, whatever their size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport, index_dtype
from cheapfast.support.pieces import Identity, Ones, Piece, canonical_pieces


class KroneckerSupport(Support):
    """A Kronecker product of pieces, each an identity or a block of ones.

    Parameters
    ----------
    pieces : iterable of Identity or Ones
        From left (slowest index) to right. They are brought to canonical form: neighbours of one
        kind are merged, pieces of size 1 dropped.

    Examples
    --------
    >>> KroneckerSupport([Identity(2), Identity(3), Ones(2, 1)]).pieces
    (Identity(size=6), Ones(rows=2, columns=1))
    >>> KroneckerSupport.pattern(2**58, 2, 2, 2).nnz == 2**61
    True
    """

    __slots__ = ("_nnz", "_pieces", "_shape")

    _pieces: tuple[Piece, ...]
    _shape: tuple[int, int]
    _nnz: int | None

    def __init__(self, pieces: Iterable[Piece]) -> None:
        given = tuple(pieces)
        self._shape = (
            math.prod([piece[0] for piece in given]),
            math.prod([piece[-1] for piece in given]),
        )
        # A zero dimension leaves no entry whose structure could matter.
        self._pieces = canonical_pieces(given) if all(self._shape) else (Ones(*self._shape),)
        self._nnz = None

    @classmethod
    def _from_canonical(cls, pieces: tuple[Piece, ...], shape: tuple[int, int]) -> KroneckerSupport:
        """Build from canonical pieces without checks: `compose` is a hot loop."""
        self = cls.__new__(cls)
        self._pieces = pieces
        self._shape = shape
        self._nnz = None
        return self

    @classmethod
    def pattern(cls, a: int, b: int, c: int, d: int) -> KroneckerSupport:
        """Return I_a (x) 1_{b x c} (x) I_d, the pattern of one Kronecker-sparse layer.

        Parameters
        ----------
        a, b, c, d : int
            The shape is (a*b*d, a*c*d), with a*b*c*d entries.

        Returns
        -------
        KroneckerSupport
        """
        return cls((Identity(a), Ones(b, c), Identity(d)))

    @classmethod
    def identity(cls, n: int) -> KroneckerSupport:
        """Return the pattern of a diagonal matrix.

        Parameters
        ----------
        n : int
            Rows and columns.

        Returns
        -------
        KroneckerSupport
        """
        return cls((Identity(n),))

    @classmethod
    def dense(cls, m: int, n: int) -> KroneckerSupport:
        """Return the full pattern.

        Parameters
        ----------
        m, n : int
            Rows and columns.

        Returns
        -------
        KroneckerSupport
        """
        return cls((Ones(m, n),))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces in canonical form, slowest index first; () is the 1 x 1 pattern."""
        return self._pieces

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return self._shape

    @property
    def nnz(self) -> int:
        """Number of entries, exact: the product over the pieces."""
        if self._nnz is None:
            count = 1
            for piece in self._pieces:
                count *= piece[0] if len(piece) == 1 else piece[0] * piece[1]
            self._nnz = count
        return self._nnz

    @property
    def is_full(self) -> bool:
        """Whether every entry of the matrix is in the pattern."""
        pieces = self._pieces
        return not pieces or (len(pieces) == 1 and len(pieces[0]) == 2)

    @property
    def is_identity(self) -> bool:
        """Whether it is the pattern of a square diagonal matrix."""
        pieces = self._pieces
        if not pieces:
            return True
        return len(pieces) == 1 and (len(pieces[0]) == 1 or self._shape == (0, 0))

    @property
    def T(self) -> KroneckerSupport:
        """The transposed pattern."""
        pieces = tuple([p if len(p) == 1 else Ones(p[1], p[0]) for p in self._pieces])
        return self._from_canonical(pieces, (self._shape[1], self._shape[0]))

    @property
    def every_row_occupied(self) -> bool:
        """True unless there are rows but no columns."""
        return self._shape[1] > 0 or self._shape[0] == 0

    @property
    def every_column_occupied(self) -> bool:
        """True unless there are columns but no rows."""
        return self._shape[0] > 0 or self._shape[1] == 0

    def _expand(self) -> CsrSupport:
        dtype = index_dtype(self._shape, self.nnz)
        rows = self._shape[0]
        if self.nnz == 0:
            return CsrSupport(self._shape, np.zeros(rows + 1, dtype), np.empty(0, dtype))
        columns = np.zeros((1, 1), dtype=dtype)  # one row of columns for each row of the pattern
        for piece in self._pieces:
            count = piece[-1]
            digits = np.arange(count, dtype=dtype)
            if isinstance(piece, Identity):
                columns = columns[:, None, :] * count + digits[:, None]
                columns = columns.reshape(-1, columns.shape[-1])
            else:
                columns = (columns[:, :, None] * count + digits).reshape(len(columns), -1)
                columns = np.repeat(columns, piece.rows, axis=0)
        indptr = np.arange(0, self.nnz + 1, columns.shape[1], dtype=dtype)
        return CsrSupport(self._shape, indptr, columns.reshape(-1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KroneckerSupport):
            return NotImplemented
        return self._pieces == other._pieces and self._shape == other._shape

    def __hash__(self) -> int:
        return hash((self._shape, self._pieces))

    def __repr__(self) -> str:
        names = [f"I_{p[0]}" if len(p) == 1 else f"1_{p[0]}x{p[1]}" for p in self._pieces]
        return f"KroneckerSupport({' (x) '.join(names) or '1_1x1'})"
