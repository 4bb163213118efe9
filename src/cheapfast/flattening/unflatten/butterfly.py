"""A matrix as a product of Kronecker-sparse factors whose pattern is known: balanced splits.

The rows of a matrix have the digits (i_1, ..., i_L), its columns (j_1, ..., j_L), of radices p_l
and k_l. Cut after l: rows (i1, i2), columns (j1, j2). If each of the blocks with i2 and j1 fixed
has rank one,

    matrix[(i1, i2), (j1, j2)] = left[i2][i1, j1] * right[j1][i2, j2],

then the matrix is a product of two sparse ones, and each is split further in the same way. The
first split reads the matrix once, or a row and a column of each block; all others together touch
n^1.5 numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cheapfast import _core
from cheapfast.flattening.unflatten.crosses import crosses
from cheapfast.flattening.unflatten.problem import Array, Problem
from cheapfast.layers import KroneckerSparse, Layer, Sparse
from cheapfast.network import Network

# Residuals are differences of sums of squares: smaller ones than these are rounding.
_RESIDUAL_ROUNDING = {4: 1e-4, 8: 1e-12}
# A split is given up when its residual is far beyond what the tolerance allows.
_SLACK = 16.0


@dataclass(frozen=True)
class Order:
    """In which order the digits of rows and columns are split off, and their radices.

    Attributes
    ----------
    row_radices, column_radices : tuple of int
        One pair (p_l, k_l) for each factor, in matrix order; their products are the shape.
    rows, columns : ndarray of int64
        Row r of the product of the factors is row ``rows[r]`` of the matrix; likewise columns.
    """

    row_radices: tuple[int, ...]
    column_radices: tuple[int, ...]
    rows: Array
    columns: Array

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Radices (p_l, k_l) of the factors, in matrix order."""
        return list(zip(self.row_radices, self.column_radices, strict=True))

    @property
    def synapses(self) -> int:
        """Weights of all factors."""
        return pattern_synapses(self.row_radices, self.column_radices)


def pattern_synapses(row_radices: Sequence[int], column_radices: Sequence[int]) -> int:
    """Return the weights of the factors with given radices.

    Parameters
    ----------
    row_radices, column_radices : sequence of int
        Of the factors, in matrix order.

    Returns
    -------
    int
        Factor l has the pattern (k_1 ... k_{l-1}, p_l, k_l, p_{l+1} ... p_L).
    """
    total, a, d = 0, 1, math.prod(row_radices)
    for p, k in zip(row_radices, column_radices, strict=True):
        d //= p
        total += a * p * k * d
        a *= k
    return total


class NoSplitError(Exception):
    """The blocks have not rank one."""


def factorize(problem: Problem, order: Order) -> list[Array]:
    """Split the matrix of a problem along a given order.

    Parameters
    ----------
    problem : Problem
        The matrix, tolerance and threads.
    order : Order
        Where the digits are.

    Returns
    -------
    list of ndarray
        Values of the Kronecker-sparse factors, in matrix order, each of shape (a, b, c, d).

    Raises
    ------
    NoSplitError
        If a block is further from rank one than the tolerance allows by a wide margin.
    """
    return _Splitter(problem).split(problem.matrix[None], 1, order.pairs, order.rows, order.columns)


def factorize_crosses(problem: Problem, order: Order) -> list[Array]:
    """Do the same from a row and a column of each block of the first split.

    Parameters
    ----------
    problem : Problem
        The matrix, tolerance and threads.
    order : Order
        Where the digits are; two factors or more.

    Returns
    -------
    list of ndarray
        Factors as good as the least squares of `factorize` where the blocks have rank one up to
        rounding and no tiny entries, and to be thrown away elsewhere: the error must be looked at.

    Raises
    ------
    NoSplitError
        If what was read cannot be split further.
    """
    (b, c), pairs = problem.shape, order.pairs
    cut, p, k = balanced_cut(b, c, pairs)
    m, w = b // p, c // k
    left, right = crosses(problem.matrix, order.rows.reshape(p, m), order.columns.reshape(k, w))
    return _Splitter(problem).split_both(left, right, (1, p, m, k, 1), cut, pairs)


class _Splitter:
    """Recursion over cuts, up to a residual that is the same for all."""

    def __init__(self, problem: Problem) -> None:
        rounding = _RESIDUAL_ROUNDING[problem.matrix.real.dtype.itemsize]
        share = max((_SLACK * problem.tolerance) ** 2, rounding)
        self._limit = share * problem.norm**2
        self._threads = problem.threads

    def split(
        self,
        matrices: Array,
        d: int,
        pairs: list[tuple[int, int]],
        rows: Array | None = None,
        columns: Array | None = None,
    ) -> list[Array]:
        """Split a batch of shape (a*d, b, c), number (ia, id) being one of the pattern's blocks."""
        batch, b, c = matrices.shape
        if len(pairs) == 1:
            if rows is not None and columns is not None:
                matrices = matrices[:, rows][:, :, columns]
            return [np.ascontiguousarray(matrices.reshape(-1, d, b, c).transpose(0, 2, 3, 1))]
        cut, p, k = balanced_cut(b, c, pairs)
        m, w, a = b // p, c // k, batch // d
        rows = np.arange(b) if rows is None else rows
        columns = np.arange(c) if columns is None else columns
        left = np.empty((a * m * d, p, k), matrices.dtype)
        right = np.empty((a * k * d, m, w), matrices.dtype)
        by_block = np.ascontiguousarray(rows.reshape(p, m).T, dtype=np.int64).reshape(-1)
        residual, _, complete = _core.split(
            matrices,
            by_block,
            np.ascontiguousarray(columns, dtype=np.int64),
            (d, p, k),
            left,
            right,
            self._limit,
            self._threads,
            None,
        )
        if not complete or residual > self._limit:
            raise NoSplitError
        return self.split_both(left, right, (a, p, m, k, d), cut, pairs)

    def split_both(
        self,
        left: Array,
        right: Array,
        sizes: tuple[int, int, int, int, int],
        cut: int,
        pairs: list[tuple[int, int]],
    ) -> list[Array]:
        """Split the right factor, then the left one weighted by the norms of the right one's rows.

        Without the weights the left factor's fits would treat columns that hardly matter like those
        that carry the matrix: the error can grow by orders of magnitude.
        """
        a, p, m, k, d = sizes
        norms = np.linalg.norm(right, axis=2).reshape(a, k, d, m)
        right_factors = self.split(right, d, pairs[cut:])
        _scale_rows(right_factors, _inverse(norms).transpose(0, 1, 3, 2))
        left = left.reshape(a, m, d, p, k)
        left *= norms.transpose(0, 3, 2, 1)[:, :, :, None, :]
        left_factors = self.split(left.reshape(a * m * d, p, k), m * d, pairs[:cut])
        return left_factors + right_factors


def balanced_cut(b: int, c: int, pairs: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """Return where to cut so that the two factors have the fewest weights.

    Parameters
    ----------
    b, c : int
        Rows and columns.
    pairs : sequence of (int, int)
        Radices (p, k) of two factors or more.

    Returns
    -------
    cut : int
        How many of them go to the left factor.
    p, k : int
        Products of their radices.
    """
    cuts, p, k = [], 1, 1
    for cut, (row, column) in enumerate(pairs[:-1], start=1):
        p, k = p * row, k * column
        cuts.append((b * k + c * (b // p), cut, p, k))
    _, cut, p, k = min(cuts)
    return cut, p, k


def _inverse(norms: Array) -> Array:
    return np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)


def _scale_rows(factors: list[Array], scale: Array) -> None:
    """Multiply the rows of a product of factors, which are those of the first factor."""
    a, b, _, d = factors[0].shape
    factors[0] *= scale.reshape(a, b, 1, d)


def as_network(factors: Sequence[Array], rows: Array | None, columns: Array | None) -> Network:
    """Make a network of Kronecker-sparse factors between two reorderings.

    Parameters
    ----------
    factors : sequence of ndarray
        Values of the factors, in matrix order, each of shape (a, b, c, d).
    rows, columns : ndarray or None
        Row r of the product is row ``rows[r]`` of the matrix; None where nothing moves.

    Returns
    -------
    Network
        A reordering becomes part of the layer next to it, which is then written out as CSR: as a
        layer of its own it would have a synapse for every neuron.
    """
    layers: list[Layer] = [KroneckerSparse(f.shape, f) for f in reversed(factors)]
    if columns is not None and _moves(columns):
        layers[0] = Sparse(_reordered(layers[0], lambda csr: csr[:, inverse(columns)]))
    if rows is not None and _moves(rows):
        layers[-1] = Sparse(_reordered(layers[-1], lambda csr: csr[inverse(rows)]))
    return Network(layers)


def inverse(order: Array) -> Array:
    """Return the inverse of a permutation.

    Parameters
    ----------
    order : ndarray of int
        Each of 0 ... n - 1 once.

    Returns
    -------
    ndarray of int
    """
    places = np.empty_like(order)
    places[order] = np.arange(len(order), dtype=order.dtype)
    return places


def _moves(order: Array) -> bool:
    return bool((order != np.arange(len(order))).any())


def _reordered(layer: Layer, reorder: Callable[[Array], Array]) -> Array:
    return reorder(layer.to_csr())
