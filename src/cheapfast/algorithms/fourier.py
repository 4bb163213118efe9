"""The fast Fourier transform of any length as a network of Kronecker-sparse factors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.algorithms._arguments import size
from cheapfast.algorithms._primes import prime_factors
from cheapfast.layers import FourierValues, KroneckerSparse, Permutation
from cheapfast.network import Network


def fourier(n: int, reorder: bool = True, dtype: npt.DTypeLike = np.complex128) -> Network:
    r"""Discrete Fourier transform of length `n` as a fast algorithm.

    Mixed-radix decimation in time: the digit reversal of the input, then one layer for each prime
    factor of `n` with the twiddle factors folded in. A prime factor r is a dense DFT of length r,
    so a large one is dear.

    Parameters
    ----------
    n : int
        Length of the transform, at least 1; every length works.
    reorder : bool, optional
        Whether the digit reversal is part of the network. Without it the network expects its input
        in digit-reversed order (`fourier(n)[0]` is the permutation that makes it).
    dtype : complex64 or complex128, optional
        Type of the weights.

    Returns
    -------
    Network
        Shape (n, n); in data-flow order the `Permutation` (left out where it is the identity: n
        prime or 1) and one `KroneckerSparse` layer for each prime factor, the smallest first. With
        :math:`n=\prod r_i` it has :math:`n\,(1+\sum r_i)` synapses, :math:`n \sum r_i` without the
        permutation; for a power of two :math:`n\,(2\log_2 n + 1)` and :math:`2 n\log_2 n`.

    Raises
    ------
    TypeError
        If `n` is no integer, or `dtype` is not complex.
    ValueError
        If `n` is less than 1, or cannot be factored (a divisor above 3.3e24 without prime factors
        below 1000).

    Notes
    -----
    The factor that joins r transforms of length d into :math:`n/(rd)` transforms of length rd has
    the pattern :math:`(n/(rd), r, r, d)` and the values

    .. math:: v[0, q, p, k] = \exp\left(-\frac{2\pi i}{rd}\, p\,(k + dq)\right).

    Nothing of the size of `n` is stored: values are computed, each directly from its exact integer
    phase, when the network is applied: in the type of the result, so that complex128 vectors are
    transformed in double precision whatever `dtype` is. Normalisation and sign are NumPy's.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.algorithms.fourier(12)
    >>> x = np.arange(12.0)
    >>> bool(np.allclose(net @ x, np.fft.fft(x)))
    True
    >>> net.synapses, cf.algorithms.fourier(2**60).synapses == 121 * 2**60
    (96, True)
    """
    n = size(n)
    dtype = _complex_dtype(dtype)
    radices = prime_factors(n)
    layers: list[Permutation | KroneckerSparse] = []
    if reorder and len(radices) > 1:
        layers.append(Permutation.digit_reversal(tuple(radices[::-1])))
    return Network([*layers, *butterfly_stages(n, radices, dtype=dtype)])


def butterfly_stages(
    n: int, radices: list[int], *, dtype: np.dtype[Any], sign: int = -1
) -> list[KroneckerSparse]:
    """Return the arithmetic of a decimation-in-time transform, in data-flow order.

    Parameters
    ----------
    n : int
        The product of `radices`.
    radices : list of int
        Lengths of the small transforms, the first applied first; empty stands for n = 1.
    dtype : numpy.dtype
        Type of the weights.
    sign : -1 or 1, optional
        Sign of the exponent: -1 for the forward transform, 1 for the inverse without its 1/n.

    Returns
    -------
    list of KroneckerSparse
        One layer a radix. The input is in digit-reversed order, the output in natural order.
    """
    stages = []
    stride = 1
    for radix in radices or [1]:
        block = radix * stride
        values = FourierValues(radix, stride, sign, dtype=dtype)
        stages.append(KroneckerSparse((n // block, radix, radix, stride), values))
        stride = block
    if stride != n:
        raise ValueError(f"radices must multiply to n = {n}, got {math.prod(radices)}")
    return stages


def _complex_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a NumPy dtype if a Fourier transform can have it."""
    resolved: np.dtype[Any] = np.dtype(dtype)
    if resolved not in (np.dtype(np.complex64), np.dtype(np.complex128)):
        raise TypeError(
            f"dtype must be complex64 or complex128: a Fourier transform is complex; got {resolved}"
        )
    return resolved
