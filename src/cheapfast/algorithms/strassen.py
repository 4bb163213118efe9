"""Strassen's fast multiplication by a fixed matrix as a network."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._arrays import weights
from cheapfast._validate import choice, integer
from cheapfast.layers import KroneckerSparse, Sparse
from cheapfast.network import Network

Array = npt.NDArray[Any]

#: Strassen's seven products: product p is the combination LEFT[p] of the four blocks of the left
#: factor (11, 12, 21, 22) times the combination RIGHT[p] of those of the right factor.
_LEFT = np.array(
    [
        [1, 0, 0, 1],
        [0, 0, 1, 1],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [1, 1, 0, 0],
        [-1, 0, 1, 0],
        [0, 1, 0, -1],
    ]
)
_RIGHT = np.array(
    [
        [1, 0, 0, 1],
        [1, 0, 0, 0],
        [0, 1, 0, -1],
        [-1, 0, 1, 0],
        [0, 0, 0, 1],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
    ]
)
#: Block 11, 12, 21 or 22 of the result as a combination of the seven products.
_RESULT = np.array(
    [
        [1, 0, 0, 1, -1, 0, 1],
        [0, 0, 1, 0, 1, 0, 0],
        [0, 1, 0, 1, 0, 0, 0],
        [1, -1, 1, 0, 0, 1, 0],
    ]
)


def strassen(levels: int, N: Any, side: Literal["left", "right"] = "left") -> Network:
    r"""Multiplication of n x n matrices by the fixed matrix `N`, after Strassen.

    Parameters
    ----------
    levels : int
        How often the matrices are cut into 2 x 2 blocks; 0 is the plain product.
    N : array_like, shape (n, n)
        The fixed factor; n is a multiple of :math:`2^{levels}`.
    side : {"left", "right"}, optional
        On which side of the data `N` stands; the paper's N M is the left.

    Returns
    -------
    Network
        Shape (n^2, n^2): takes ``M.ravel()`` to ``(N @ M).ravel()``, rows one after the other (to
        ``(M @ N).ravel()`` for ``side="right"``). In data-flow order `levels` layers that combine
        blocks of the data, one layer with the products, `levels` layers that combine them. For a
        dense `N` whose combinations have no zeros it has, with m = n/2^k for k levels,

        .. math:: 8\,(7^k-4^k)\,m^2 + 7^k m^3

        synapses; for full recursion, m = 1, that is :math:`9\cdot 7^k-8\cdot 4^k`.

    Raises
    ------
    TypeError
        If `levels` is no integer, or `N` is not numeric.
    ValueError
        If `N` is not square, or its size no multiple of :math:`2^{levels}`.
    MemoryError
        Before layers that would not fit.

    Notes
    -----
    The flat map has :math:`n^3` synapses for a dense `N`: a *numerical* count. The algorithm lives
    on terms that cancel, so the structural count of the product is larger. Full recursion has fewer
    than the flat map from n = 2^17 on, one level from n = 50 (they are equal at 48). Seven products
    instead of eight cost 18 additions of blocks, of which the data's five and the result's eight
    become layers; those of `N` are done once, here. After V. Strassen, Numerische Mathematik 13,
    354 (1969).

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> M, N = np.arange(16.0).reshape(4, 4), np.arange(1.0, 17.0).reshape(4, 4)
    >>> net = cf.algorithms.strassen(2, N)
    >>> np.array_equal(net @ M.ravel(), (N @ M).ravel())
    True
    >>> net.depth, net.synapses, net.to_csr().nnz, cf.synapse_count(net)
    (5, 309, 64, 100)
    """
    levels = integer(levels, "levels", minimum=0)
    fixed = weights(N, "N", ndim=2)
    choice(side, "side", ("left", "right"))
    n = fixed.shape[0]
    if fixed.shape[1] != n or n == 0:
        raise ValueError(f"N must be square and not empty, got shape {fixed.shape}")
    if levels >= n.bit_length() or n % 2**levels:
        raise ValueError(f"N must have a size that 2^levels divides, got {n} for levels = {levels}")
    m = n >> levels
    entries = 8 * (7**levels - 4**levels) * m**2 + 7**levels * m**3
    _memory.require(
        entries * (8 + fixed.dtype.itemsize),
        f"strassen with {levels} levels and n = {n}",
        "take fewer levels or a smaller N",
    )
    data, constant = (_LEFT, _RIGHT) if side == "right" else (_RIGHT, _LEFT)
    sizes = [(7**level, n >> (level + 1)) for level in range(levels)]
    split = [_layer(count, size, _splitting(data, size), fixed.dtype) for count, size in sizes]
    merge = [
        _layer(count, size, _merging(_RESULT, size), fixed.dtype) for count, size in sizes[::-1]
    ]
    return Network([*split, _products(_combined(fixed, constant, levels), side), *merge])


def _combined(fixed: Array, combinations: Array, levels: int) -> Array:
    """Return the 7^levels constant factors of the products, shape (7^levels, m, m)."""
    blocks = fixed[np.newaxis]
    for _ in range(levels):
        count, size = len(blocks), blocks.shape[1] // 2
        quarters = blocks.reshape(count, 2, size, 2, size).transpose(0, 1, 3, 2, 4)
        mixed = np.einsum("pq,cqij->cpij", combinations, quarters.reshape(count, 4, size, size))
        blocks = mixed.reshape(7 * count, size, size).astype(fixed.dtype, copy=False)
    return blocks


def _products(constants: Array, side: str) -> KroneckerSparse:
    """Return the layer that multiplies block p of the data by constant p, for every p."""
    count, m, _ = constants.shape
    if side == "left":
        return KroneckerSparse((count, m, m, m), constants[..., np.newaxis])
    # a row of the data block is multiplied by the transposed constant, each of the m rows
    each_row = np.repeat(constants.transpose(0, 2, 1), m, axis=0)
    return KroneckerSparse((count * m, m, m, 1), each_row[..., np.newaxis])


def _positions(size: int) -> Array:
    """Return where block b of a 2 x 2 block matrix lies; shape (4, size^2)."""
    rows_first = np.arange(4 * size * size).reshape(2, size, 2, size)
    return rows_first.transpose(0, 2, 1, 3).reshape(4, size * size)


def _splitting(combinations: Array, size: int) -> Any:
    """Return the matrix that takes a block matrix to seven combinations of its blocks."""
    product, block = np.nonzero(combinations)
    inside = np.arange(size * size)
    rows = (product[:, np.newaxis] * size * size + inside).ravel()
    columns = _positions(size)[block].ravel()
    values = np.repeat(combinations[product, block], size * size)
    shape = (7 * size * size, 4 * size * size)
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def _merging(combinations: Array, size: int) -> Any:
    """Return the matrix that puts a block matrix together from combinations of seven blocks."""
    return _splitting(combinations.T, size).T


def _layer(count: int, size: int, matrix: Any, dtype: np.dtype[Any]) -> Sparse:
    """Repeat a matrix for `count` independent blocks."""
    index = np.int32 if 12 * count * size * size < 2**31 else np.int64
    once = sparse.coo_array(matrix)
    copies = np.arange(count, dtype=index)[:, np.newaxis]
    rows = (copies * once.shape[0] + once.row.astype(index)).ravel()
    columns = (copies * once.shape[1] + once.col.astype(index)).ravel()
    values = np.tile(once.data.astype(dtype), count)
    shape = (count * once.shape[0], count * once.shape[1])
    return Sparse(sparse.csr_array((values, (rows, columns)), shape=shape))
