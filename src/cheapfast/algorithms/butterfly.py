"""Random butterfly networks: the sparsity of a fast Fourier transform with free values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._arrays import supported_dtype
from cheapfast._random import generator
from cheapfast.algorithms._arguments import log2_size
from cheapfast.layers import KroneckerSparse
from cheapfast.network import Network


def butterfly(
    n: int,
    rng: int | np.random.Generator | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> Network:
    r"""Random radix-2 butterfly network.

    Parameters
    ----------
    n : int
        Width, a power of two.
    rng : None, int or numpy.random.Generator, optional
        Source of the values; None takes fresh entropy.
    dtype : float32, float64, complex64 or complex128, optional
        Type of the weights.

    Returns
    -------
    Network
        Shape (n, n): :math:`\log_2 n` layers with the patterns (n/2d, 2, 2, d) for d = 1, 2, 4, ...
        in data-flow order, 2 n free weights each. They are independent and normal with mean 0 and
        variance 1/2, so that a layer preserves the expected square norm. For n = 1 one weight.

    Raises
    ------
    TypeError
        If `n` is no integer, or `dtype` is none of the four.
    ValueError
        If `n` is no power of two.
    MemoryError
        If the :math:`2 n\log_2 n` weights do not fit.

    Notes
    -----
    The product is dense with probability 1: flattening costs :math:`C_s = n/(2\log_2 n)`, as for
    the Fourier and Walsh-Hadamard transforms, which are members of this family.

    Examples
    --------
    >>> import cheapfast as cf
    >>> net = cf.algorithms.butterfly(256, rng=1)
    >>> net.depth, net.synapses, cf.synapse_count(net)
    (8, 4096, 65536)
    """
    bits = log2_size(n)
    n = 1 << bits
    dtype = supported_dtype(dtype)
    random = generator(rng)
    patterns = [(n >> (bit + 1), 2, 2, 1 << bit) for bit in range(bits)] or [(1, 1, 1, 1)]
    _memory.require(
        2 * n * len(patterns) * dtype.itemsize,
        f"butterfly({n})",
        "take a smaller n, or hadamard(n) or fourier(n), which store no values",
    )
    return Network(
        [KroneckerSparse(pattern, normal_weights(random, pattern, dtype)) for pattern in patterns]
    )


def normal_weights(
    random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Draw normal weights of mean square 1/2, none of which is an exact zero.

    Parameters
    ----------
    random : numpy.random.Generator
        Where they come from.
    shape : tuple of int
        How many.
    dtype : numpy.dtype
        Real or complex.

    Returns
    -------
    numpy.ndarray
    """
    values = _normal(random, shape, dtype)
    while not values.all():
        # an exact zero would be no synapse; float32 draws one in about 1e8
        zero = values == 0
        values[zero] = _normal(random, (int(zero.sum()),), dtype)
    return values


def _normal(
    random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Draw normal numbers, real or complex, of mean square 1/2."""
    parts = 2 if dtype.kind == "c" else 1
    real = np.float32 if dtype.itemsize // parts == 4 else np.float64
    numbers = random.standard_normal((*shape, parts), dtype=real)
    numbers *= real(1 / np.sqrt(2 * parts))
    return np.asarray(numbers.view(dtype)[..., 0])
