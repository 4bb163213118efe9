"""Writing convolutions out: entry (i, j) for every offset i - j, in CSR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.support.csr import index_dtype

IndexArray = npt.NDArray[Any]
Offset = tuple[int, ...]


def stencil_csr(
    offsets: Sequence[Offset],
    in_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    circular: bool,
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Write a convolution out as CSR.

    Parameters
    ----------
    offsets : sequence of tuple of int
        Differences i - j of output and input index; distinct, also modulo the shape if circular.
    in_shape, out_shape : tuple of int
        Sizes of the input and the output grid; all at least 1.
    circular : bool
        Whether differences are taken modulo the shape.

    Returns
    -------
    indptr, indices : numpy.ndarray
        Canonical CSR: columns ascending in each row.
    which : numpy.ndarray
        For each entry, the position in `offsets` of the one that made it.
    """
    if circular:
        return _circulant(offsets, in_shape)
    return _toeplitz(offsets, in_shape, out_shape)


def _circulant(
    offsets: Sequence[Offset], shape: tuple[int, ...]
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Each row has as many entries as there are offsets: fill a table, then sort its rows."""
    size, degree = math.prod(shape), len(offsets)
    dtype = index_dtype((size, size), size * degree)
    table = np.empty((size, degree), dtype=dtype)
    for position, offset in enumerate(offsets):
        sources = [
            (np.arange(n, dtype=dtype) - o % n) % n for n, o in zip(shape, offset, strict=True)
        ]
        table[:, position] = _flat(sources, shape, dtype)
    order = np.argsort(table, axis=1)
    indices = np.take_along_axis(table, order, axis=1).reshape(-1)
    return np.arange(0, size * degree + 1, degree, dtype=dtype), indices, order.reshape(-1)


def _toeplitz(
    offsets: Sequence[Offset], in_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Fill the rows offset by offset.

    In one row the column is a constant minus the flattened offset, so taking the offsets in
    descending order writes the columns of every row in ascending order.
    """
    shape = (math.prod(out_shape), math.prod(in_shape))
    strides = [math.prod(in_shape[axis + 1 :]) for axis in range(len(in_shape))]
    flattened = [sum(o * s for o, s in zip(offset, strides, strict=True)) for offset in offsets]
    descending = sorted(range(len(offsets)), key=flattened.__getitem__, reverse=True)
    spans = [_spans(offset, in_shape, out_shape) for offset in offsets]
    nnz = sum(math.prod([len(span) for span in axes]) for axes in spans)
    dtype = index_dtype(shape, nnz)

    indptr = np.zeros(shape[0] + 1, dtype=dtype)
    for axes in spans:
        indptr[1:][_flat([np.array(span, dtype) for span in axes], out_shape, dtype)] += 1
    np.cumsum(indptr, out=indptr)
    filled = indptr[:-1].copy()
    indices = np.empty(nnz, dtype=dtype)
    which = np.empty(nnz, dtype=np.intp)
    for position in descending:
        targets = [np.array(span, dtype) for span in spans[position]]
        sources = [target - o for target, o in zip(targets, offsets[position], strict=True)]
        rows = _flat(targets, out_shape, dtype)
        slots = filled[rows]
        indices[slots] = _flat(sources, in_shape, dtype)
        which[slots] = position
        filled[rows] += 1
    return indptr, indices, which


def _spans(offset: Offset, in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> list[range]:
    """Output indices along each axis whose input index is inside the grid."""
    return [
        range(max(0, o), max(0, o, min(m, n + o)))
        for o, n, m in zip(offset, in_shape, out_shape, strict=True)
    ]


def _flat(
    indices: Sequence[IndexArray], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> IndexArray:
    """Return the C-order indices of the grid that the indices along each axis span."""
    flat = np.zeros(1, dtype=dtype)
    for along, size in zip(indices, shape, strict=True):
        flat = (flat[:, None] * size + along).reshape(-1)
    return flat
