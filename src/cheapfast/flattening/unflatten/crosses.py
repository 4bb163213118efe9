"""Blocks of rank one from a row and a column of each: n^1.5 of the n^2 entries of a matrix."""

from __future__ import annotations

import numpy as np

from cheapfast.flattening.unflatten.problem import Array

# A row or column to go on from may be half as large as the largest one. The first of these is
# taken: neighbouring blocks mostly take the same one, and entries are read as they lie in memory.
_LARGE = 0.25  # of a squared absolute value


def crosses(matrix: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
    """Write each block as a unit column times a row, as if it had rank one.

    Parameters
    ----------
    matrix : ndarray
        Any.
    rows : ndarray of int64
        Shape (p, m); block (i2, j1) has the rows ``rows[:, i2]``.
    columns : ndarray of int64
        Shape (k, w); and the columns ``columns[j1]``.

    Returns
    -------
    left : ndarray
        Shape (m, p, k): the unit columns.
    right : ndarray
        Shape (k, m, w): the rows. Where the entries that were looked at are zero, so are these.
        Nothing is verified: of a block of higher rank a row and a column are right, and no more.
    """
    m, k = rows.shape[1], len(columns)
    # p, m, k: the first columns, then in each block's largest row the largest entry's column
    column = matrix[rows[:, :, None], columns[:, 0]]
    i1 = _first_large(column, axis=0)
    row = matrix[rows[i1, np.arange(m)[:, None]][:, :, None], columns[None]]
    j2 = _first_large(row, axis=2)
    if j2.any():
        column = matrix[rows[:, :, None], columns[np.arange(k), j2]]
    pivot = np.take_along_axis(row, j2[:, :, None], axis=2)[:, :, 0]
    length = np.sqrt(_squares(column).sum(axis=0))
    there = np.abs(pivot) > np.finfo(length.dtype).eps * length
    left = column * np.divide(1, length, out=np.zeros_like(length), where=there)
    left[0] += ~there  # any unit column
    scale = np.divide(length, pivot, out=np.zeros_like(pivot), where=there)
    right = row * scale[:, :, None]
    return (
        np.ascontiguousarray(left.transpose(1, 0, 2)),
        np.ascontiguousarray(right.transpose(1, 0, 2)),
    )


def _first_large(values: Array, axis: int) -> Array:
    size = _squares(values)
    large = size >= _LARGE * size.max(axis=axis, keepdims=True)
    return np.asarray(large.argmax(axis=axis))


def _squares(values: Array) -> Array:
    squares = values.real**2
    if values.dtype.kind == "c":
        squares += values.imag**2
    return np.asarray(squares)
