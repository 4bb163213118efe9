"""Random Monarch networks: two block-diagonal layers, one of them reordered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._arrays import supported_dtype
from cheapfast._random import generator
from cheapfast._validate import integer
from cheapfast.algorithms.butterfly import normal_weights
from cheapfast.layers import KroneckerSparse
from cheapfast.network import Network


def monarch(
    a: int,
    b: int,
    rng: int | np.random.Generator | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> Network:
    r"""Random Monarch network on vectors that are a x b arrays, rows one after the other.

    Parameters
    ----------
    a, b : int
        Rows and columns of the array; the width is n = a b.
    rng : None, int or numpy.random.Generator, optional
        Source of the values; None takes fresh entropy.
    dtype : float32, float64, complex64 or complex128, optional
        Type of the weights.

    Returns
    -------
    Network
        Shape (n, n), two layers: the first mixes within each row, pattern (a, b, b, 1), the second
        within each column, pattern (1, a, a, b); n (a + b) synapses. The weights are independent
        and normal with mean 0 and variance 1/2, none of them 0.

    Raises
    ------
    TypeError
        If `a` or `b` is no integer, or `dtype` is none of the four.
    ValueError
        If `a` or `b` is less than 1.
    MemoryError
        If the weights do not fit.

    Notes
    -----
    Every output depends on every input along exactly one path: the product is dense, and flattening
    costs :math:`C_s = n/(a+b)`, which is :math:`\sqrt n/2` for a = b. T. Dao et al., Monarch:
    expressive structured matrices for efficient and accurate training, ICML (2022).

    Examples
    --------
    >>> import cheapfast as cf
    >>> net = cf.algorithms.monarch(16, 32, rng=1)
    >>> net.shape, net.synapses, cf.synapse_count(net)
    ((512, 512), 24576, 262144)
    """
    a, b = integer(a, "a", minimum=1), integer(b, "b", minimum=1)
    dtype = supported_dtype(dtype)
    random = generator(rng)
    _memory.require(2 * a * b * (a + b) * dtype.itemsize, f"monarch({a}, {b})", "take smaller ones")
    patterns = [(a, b, b, 1), (1, a, a, b)]
    return Network(
        [KroneckerSparse(pattern, normal_weights(random, pattern, dtype)) for pattern in patterns]
    )
