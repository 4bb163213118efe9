"""Seeded sparse matrices. Only the pattern matters: every value is 1, so that nothing cancels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sps

Indices = npt.NDArray[Any]


def from_coordinates(shape: tuple[int, int], rows: Indices, columns: Indices) -> Any:
    """Return the canonical CSR pattern of some coordinates; duplicates count once.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    rows, columns : ndarray of int
        Coordinates in any order.

    Returns
    -------
    scipy.sparse.csr_array
        float64 ones, int32 indices.
    """
    keys = np.unique(rows.astype(np.int64) * shape[1] + columns)
    row_of = keys // shape[1]
    return _csr(shape, np.bincount(row_of, minlength=shape[0]), keys - row_of * shape[1])


def uniform(n: int, per_row: int, rng: np.random.Generator) -> Any:
    """Return a square matrix with `per_row` random entries a row (fewer where two coincide).

    Parameters
    ----------
    n : int
        Rows and columns.
    per_row : int
        Draws a row.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    scipy.sparse.csr_array
    """
    rows = np.repeat(np.arange(n, dtype=np.int64), per_row)
    return from_coordinates((n, n), rows, rng.integers(0, n, n * per_row))


def bernoulli(n: int, density: float, rng: np.random.Generator) -> Any:
    """Return a square matrix in which every entry is there with probability `density`.

    Parameters
    ----------
    n : int
        Rows and columns.
    density : float
        Probability of an entry.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    scipy.sparse.csr_array

    Notes
    -----
    The gaps between entries are geometric, so the cost is that of the entries, not of n^2 draws.
    """
    entries = n * n
    drawn = int(entries * density + 6 * np.sqrt(entries * density) + 100)
    positions = np.cumsum(rng.geometric(density, size=drawn).astype(np.int64)) - 1
    while positions[-1] < entries:
        more = np.cumsum(rng.geometric(density, size=drawn).astype(np.int64))
        positions = np.concatenate([positions, positions[-1] + more])
    positions = positions[positions < entries]
    rows = positions // n
    return _csr((n, n), np.bincount(rows, minlength=n), positions - rows * n)


def rmat(
    scale: int,
    edge_factor: int,
    rng: np.random.Generator,
    quadrants: tuple[float, float, float] = (0.57, 0.19, 0.19),
) -> Any:
    """Return the adjacency matrix of a power-law graph.

    Parameters
    ----------
    scale : int
        Binary logarithm of the number of vertices.
    edge_factor : int
        Edges drawn per vertex.
    rng : numpy.random.Generator
        Source of randomness.
    quadrants : tuple of float, optional
        Probabilities of the first three quadrants; those of the Graph500 benchmark by default.

    Returns
    -------
    scipy.sparse.csr_array
        Vertices are shuffled, as Graph500 does.

    Notes
    -----
    Chakrabarti, Zhan and Faloutsos, "R-MAT: a recursive model for graph mining", SDM 2004.
    """
    n, edges = 1 << scale, edge_factor << scale
    a, b, c = quadrants
    rows: Indices = np.zeros(edges, np.int64)
    columns: Indices = np.zeros(edges, np.int64)
    for _ in range(scale):
        draw = rng.random(edges)
        rows = rows << 1 | (draw >= a + b)
        columns = columns << 1 | ((draw >= a) & (draw < a + b)) | (draw >= a + b + c)
    shuffle = rng.permutation(n)
    return from_coordinates((n, n), shuffle[rows], shuffle[columns])


def banded(n: int, width: int) -> Any:
    """Return a square matrix with ones on the `width` (odd) central diagonals.

    Parameters
    ----------
    n : int
        Rows and columns.
    width : int
        Number of diagonals.

    Returns
    -------
    scipy.sparse.csr_array
    """
    half = width // 2
    rows = np.repeat(np.arange(n, dtype=np.int64), width)
    columns = rows + np.tile(np.arange(-half, half + 1), n)
    inside = (columns >= 0) & (columns < n)
    return _csr((n, n), np.bincount(rows[inside], minlength=n), columns[inside])


def butterflies(levels: int) -> tuple[Any, ...]:
    """Return the radix-2 butterfly factors of an FFT of size ``2**levels`` as plain CSR.

    Parameters
    ----------
    levels : int
        Number of factors.

    Returns
    -------
    tuple of scipy.sparse.csr_array
        Matrix order. Factor s couples indices that differ in bit s; their product is dense.
    """
    n = 1 << levels
    rows = np.arange(n, dtype=np.int32)
    indptr = np.arange(n + 1, dtype=np.int32) * 2
    values = np.ones(2 * n)  # shared by all factors: at 2^20 the copies would be 300 MB
    factors = []
    for level in range(levels):
        partner = rows ^ np.int32(1 << level)
        pairs = np.stack([np.minimum(rows, partner), np.maximum(rows, partner)], axis=1)
        factors.append(sps.csr_array((values, pairs.ravel(), indptr), shape=(n, n), copy=False))
    return tuple(factors)


def pattern(matrix: Any) -> Any:
    """Return the pattern of a matrix: its stored nonzeros as ones.

    Parameters
    ----------
    matrix : scipy sparse matrix or array
        Any format.

    Returns
    -------
    scipy.sparse.csr_array
    """
    result = sps.csr_array(matrix.tocsr(copy=True))
    result.sum_duplicates()
    result.eliminate_zeros()
    result.sort_indices()
    return sps.csr_array(
        (
            np.ones(result.nnz),
            result.indices.astype(np.int32, copy=False),
            result.indptr.astype(np.int32, copy=False),
        ),
        shape=result.shape,
    )


def _csr(shape: tuple[int, int], per_row: Indices, columns: Indices) -> Any:
    indptr = np.zeros(shape[0] + 1, np.int32)
    np.cumsum(per_row, out=indptr[1:])
    values = np.ones(len(columns))
    return sps.csr_array((values, columns.astype(np.int32), indptr), shape=shape)
