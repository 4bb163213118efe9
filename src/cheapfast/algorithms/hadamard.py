"""The fast Walsh-Hadamard transform as a network."""

from __future__ import annotations

import numpy as np

from cheapfast.algorithms._arguments import log2_size
from cheapfast.layers import KroneckerSparse
from cheapfast.network import Network


def hadamard(n: int) -> Network:
    r"""Walsh-Hadamard transform of length `n` in Sylvester's order as a fast algorithm.

    Parameters
    ----------
    n : int
        Length of the transform, a power of two.

    Returns
    -------
    Network
        Shape (n, n), dtype float64: one layer for each of the :math:`\log_2 n` bits of the index,
        the lowest first, with 2 n synapses each. For n = 1 a single layer with the entry 1.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is no power of two.

    Notes
    -----
    :math:`H_n = H_2 \otimes H_{n/2}` with entries +1 and -1 is the product of
    :math:`I_{n/2d} \otimes H_2 \otimes I_d` over d = 1, 2, 4, ..., n/2. The four weights of
    :math:`H_2` are stored once, whatever n is. Flattening costs :math:`C_s = n/(2\log_2 n)`.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cf.algorithms.hadamard(4).toarray()
    array([[ 1.,  1.,  1.,  1.],
           [ 1., -1.,  1., -1.],
           [ 1.,  1., -1., -1.],
           [ 1., -1., -1.,  1.]])
    >>> cf.flattening_cost(cf.algorithms.hadamard(256)).ratio
    16.0
    """
    bits = log2_size(n)
    n = 1 << bits
    if bits == 0:
        return Network([KroneckerSparse((1, 1, 1, 1), np.ones((1, 1, 1, 1)))])
    values = np.array([[1.0, 1.0], [1.0, -1.0]]).reshape(1, 2, 2, 1)
    strides = [1 << bit for bit in range(bits)]
    return Network([KroneckerSparse((n // (2 * d), 2, 2, d), values) for d in strides])
