"""The fast Haar wavelet transform as a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from cheapfast import _memory
from cheapfast.algorithms._arguments import log2_size
from cheapfast.layers import KroneckerSparse, Layer, PassThrough, Sparse
from cheapfast.network import Network

#: Above this many entries or columns the index arrays of a layer take 64-bit integers.
_LARGEST_INT32 = 2**31 - 1


def haar(n: int, copies: bool = True) -> Network:
    r"""Orthonormal Haar wavelet transform of length `n` as a fast algorithm.

    Each layer replaces the m averages of the level before by m/2 averages and m/2 differences of
    neighbours, both divided by the square root of 2, and hands the n - m finished coefficients on.

    Parameters
    ----------
    n : int
        Length of the transform, a power of two.
    copies : bool, optional
        Whether handing a finished coefficient on is a synapse. True builds ordinary layers of width
        n, in which it is one; False builds `PassThrough` layers, whose wires are not counted.

    Returns
    -------
    Network
        Shape (n, n), float64, :math:`\log_2 n` layers. The output holds the overall average (times
        :math:`\sqrt n`) first, then the differences from the coarsest level to the finest. It has
        :math:`2(n-1)+n\log_2 n` synapses with copies and :math:`4(n-1)` without. For n = 1 a single
        layer with the entry 1.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is no power of two.
    MemoryError
        If the layers do not fit: they are stored, not symbolic.

    Notes
    -----
    The flat matrix has :math:`n(\log_2 n+1)` synapses: flattening costs
    :math:`n(\log_2 n+1)/(4(n-1))`, a logarithm, if copies are free, and saves synapses
    (:math:`C_s<1` for n > 2) if they are counted.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> np.round(cf.algorithms.haar(4).toarray(), 3)
    array([[ 0.5  ,  0.5  ,  0.5  ,  0.5  ],
           [ 0.5  ,  0.5  , -0.5  , -0.5  ],
           [ 0.707, -0.707,  0.   ,  0.   ],
           [ 0.   ,  0.   ,  0.707, -0.707]])
    >>> cf.algorithms.haar(1024).synapses, cf.algorithms.haar(1024, copies=False).synapses
    (12286, 4092)
    """
    bits = log2_size(n)
    n = 1 << bits
    if bits == 0:
        return Network([KroneckerSparse((1, 1, 1, 1), np.ones((1, 1, 1, 1)))])
    stored = 4 * (n - 1) + (n * bits - 2 * (n - 1) if copies else 0)
    pointers = n * bits if copies else 2 * n
    _memory.require(
        16 * (stored + pointers),
        f"haar({n})",
        "take copies=False, which stores less" if copies else "take a smaller n",
    )
    widths = [n >> level for level in range(bits)]
    return Network([_level(m, n, copies) for m in widths])


def _level(m: int, n: int, copies: bool) -> Layer:
    """Return the layer that transforms the first m of n features."""
    if copies:
        return Sparse(_matrix(m, n))
    step = Sparse(_matrix(m, m))
    return step if m == n else PassThrough(step, n - m)


def _matrix(m: int, n: int) -> sparse.csr_array[Any]:
    """Return averages, differences and n - m copies as a matrix, in canonical CSR."""
    index = np.int32 if n + m <= _LARGEST_INT32 else np.int64
    pairs = np.arange(m, dtype=index)
    indices = np.concatenate([pairs, pairs, np.arange(m, n, dtype=index)])
    starts = np.arange(0, 2 * m, 2, dtype=index)
    indptr = np.concatenate([starts, np.arange(2 * m, n + m + 1, dtype=index)])
    weight = math.sqrt(0.5)
    data = np.full(n + m, weight)
    data[m + 1 : 2 * m : 2] = -weight
    data[2 * m :] = 1.0
    return sparse.csr_array((data, indices, indptr), shape=(n, n))
