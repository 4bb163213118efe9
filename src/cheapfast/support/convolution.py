"""Patterns of d-dimensional convolutions: Toeplitz (zero padding) and circulant; bands, d = 1."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport, EmptySupport
from cheapfast.support.kronecker import KroneckerSupport
from cheapfast.support.offsets import (
    Box,
    Offset,
    band_entries,
    bounding_box,
    covers,
    reaching,
    wrapped,
    wrapped_box,
)
from cheapfast.support.stencil import stencil_csr


class ConvolutionSupport(Support):
    """Output i and input j are joined where i - j is one of the offsets.

    Parameters
    ----------
    offsets : Box or iterable of tuple of int
        Differences of output and input index, one integer an axis; at least one.
    in_shape, out_shape : tuple of int
        Sizes of the input and the output grid, each flattened in C order; all at least 1.
    circular : bool
        Differences are taken modulo the shape, which is then the same on both sides.

    Raises
    ------
    ValueError
        If there is no offset, or a circular pattern has two shapes.

    Notes
    -----
    `convolution_support` builds one and simplifies it where it is diagonal, full or empty.

    Examples
    --------
    >>> tridiagonal = ConvolutionSupport(Box((-1,), (2,)), (2**60,), (2**60,), circular=False)
    >>> tridiagonal.nnz == 3 * 2**60 - 2
    True
    """

    __slots__ = ("_box", "_circular", "_in_shape", "_offsets", "_out_shape")

    def __init__(
        self,
        offsets: Box | Iterable[Offset],
        in_shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        circular: bool,
    ) -> None:
        if circular and in_shape != out_shape:
            raise ValueError(f"a circular pattern has one shape, got {in_shape} and {out_shape}")
        self._in_shape = in_shape
        self._out_shape = out_shape
        self._circular = circular
        self._offsets: frozenset[Offset] | None = None
        if isinstance(offsets, Box):
            self._box: Box | None = wrapped_box(offsets, in_shape) if circular else offsets
        else:
            self._offsets = wrapped(offsets, in_shape) if circular else frozenset(offsets)
            if not self._offsets:
                raise ValueError("offsets must not be empty: EmptySupport has no entry")
            self._box = bounding_box(self._offsets)
            if self._box.size != len(self._offsets):
                self._box = None

    @property
    def offsets(self) -> frozenset[Offset]:
        """Differences of output and input index (modulo the shape if circular)."""
        if self._offsets is None:
            assert self._box is not None
            expanded = self._box.expand()
            self._offsets = wrapped(expanded, self._in_shape) if self._circular else expanded
        return self._offsets

    @property
    def box(self) -> Box | None:
        """The offsets as a box; None if they do not fill one."""
        return self._box

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Sizes of the input grid."""
        return self._in_shape

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Sizes of the output grid."""
        return self._out_shape

    @property
    def circular(self) -> bool:
        """Whether differences are taken modulo the shape."""
        return self._circular

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (outputs, inputs)."""
        return math.prod(self._out_shape), math.prod(self._in_shape)

    @property
    def nnz(self) -> int:
        """Number of entries, exact."""
        if self._circular:
            count = len(self.offsets) if self._box is None else self._box.size
            return count * math.prod(self._in_shape)
        sizes = tuple(zip(self._in_shape, self._out_shape, strict=True))
        if self._box is not None:
            bounds = zip(self._box.low, self._box.high, strict=True)
            return math.prod(
                [
                    band_entries(n, m, low, high)
                    for (n, m), (low, high) in zip(sizes, bounds, strict=True)
                ]
            )
        return sum(
            math.prod(
                [max(0, min(m, n + o) - max(0, o)) for (n, m), o in zip(sizes, offset, strict=True)]
            )
            for offset in self.offsets
        )

    @property
    def T(self) -> ConvolutionSupport:
        """The transposed pattern: every offset changes its sign."""
        turned: Box | Iterable[Offset]
        if self._box is not None:
            low, high = self._box.low, self._box.high
            turned = Box(tuple([1 - end for end in high]), tuple([1 - start for start in low]))
        else:
            turned = [tuple([-part for part in offset]) for offset in self.offsets]
        return ConvolutionSupport(turned, self._out_shape, self._in_shape, self._circular)

    @property
    def every_row_occupied(self) -> bool:
        """Whether each row holds at least one entry."""
        return self.T.every_column_occupied

    @property
    def every_column_occupied(self) -> bool:
        """Whether each column holds at least one entry."""
        if self._circular:
            return True
        if self._box is None:
            return covers(self.offsets, self._in_shape, self._out_shape)
        # Column j reaches rows j + low ... j + high - 1: the first and the last one decide.
        return all(
            high - 1 >= 0 and low + n - 1 <= m - 1
            for low, high, n, m in zip(
                self._box.low, self._box.high, self._in_shape, self._out_shape, strict=True
            )
        )

    def _expand(self) -> CsrSupport:
        indptr, indices, _ = stencil_csr(
            sorted(self.offsets), self._in_shape, self._out_shape, self._circular
        )
        return CsrSupport(self.shape, indptr, indices)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConvolutionSupport):
            return NotImplemented
        return (
            self._in_shape == other._in_shape
            and self._out_shape == other._out_shape
            and self._circular == other._circular
            and self.nnz == other.nnz
            and (
                self._box == other._box
                if self._box and other._box
                else self.offsets == other.offsets
            )
        )

    def __hash__(self) -> int:
        return hash((self._in_shape, self._out_shape, self._circular, self.nnz))


def convolution_support(
    offsets: Box | Iterable[Offset],
    in_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    circular: bool,
) -> Support:
    """Return the pattern of a convolution in its simplest form.

    Parameters
    ----------
    offsets : Box or iterable of tuple of int
        Differences of output and input index; may be none.
    in_shape, out_shape : tuple of int
        Sizes of the input and the output grid, flattened in C order; may hold 0.
    circular : bool
        Whether differences are taken modulo the shape.

    Returns
    -------
    Support
        Empty, diagonal and full patterns as what they are, else a `ConvolutionSupport`.

    Examples
    --------
    >>> convolution_support([(0,)], (5,), (5,), circular=False)
    KroneckerSupport(I_5)
    """
    shape = (math.prod(out_shape), math.prod(in_shape))
    if 0 in shape:
        return EmptySupport(shape)
    kept: Box | frozenset[Offset] | None
    if circular:
        kept = offsets if isinstance(offsets, Box) else frozenset(offsets) or None
    else:
        kept = reaching(offsets, in_shape, out_shape)
    if kept is None:
        return EmptySupport(shape)
    support = ConvolutionSupport(kept, in_shape, out_shape, circular)
    if support.nnz == shape[0] * shape[1]:
        return KroneckerSupport.dense(*shape)
    origin = (0,) * len(in_shape)
    single = support.box is not None and support.box.size == 1
    if single and in_shape == out_shape and support.box == Box(origin, (1,) * len(in_shape)):
        return KroneckerSupport.identity(shape[0])
    return support
