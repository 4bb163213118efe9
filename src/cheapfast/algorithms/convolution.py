"""Circular convolution by the fast Fourier transform as one network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast.algorithms._arguments import size
from cheapfast.algorithms._primes import prime_factors
from cheapfast.algorithms.fourier import butterfly_stages
from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.network import Network


def convolution(kernel: npt.ArrayLike, n: int) -> Network:
    r"""Circular convolution with `kernel` on `n` points through the Fourier transform.

    Parameters
    ----------
    kernel : array_like, shape (m,)
        The filter, anchored at index 0; indices beyond `n` wrap around.
    n : int
        Length of the signal, at least 1; every length works.

    Returns
    -------
    Network
        Shape (n, n), complex128 (complex64 for a float32 or complex64 kernel; real problems have
        an imaginary part of the size of the rounding errors): transform, diagonal of the kernel's
        spectrum, inverse transform. No layer reorders. With :math:`n=\prod r_i` it has
        :math:`n\,(1+2\sum r_i)` synapses, for a power of two :math:`n\,(4\log_2 n+1)`; fewer only
        if the spectrum has exact zeros.

    Raises
    ------
    TypeError
        If `n` is no integer, or `kernel` is not numeric.
    ValueError
        If `n` is less than 1, or `kernel` is not one-dimensional, empty or not finite.
    MemoryError
        If the spectrum does not fit.

    Notes
    -----
    The transform F = S_k ... S_1 P (P the digit reversal) is symmetric, so P F = S_1^T ... S_k^T
    takes natural order to reversed order. The inverse is conj(S_k) ... conj(S_1) P / n. Hence

    .. math:: F^{-1} \operatorname{diag}(F h)\, F =
       \bar S_k \cdots \bar S_1 \operatorname{diag}(P F h / n)\, S_1^T \cdots S_k^T:

    both permutations cancel. As the flat matrix is taken as dense, :math:`n^2` against
    :math:`n(4 \log_2 n + 1)`, this pays from n = 32 on.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.algorithms.convolution([1.0, 2.0], 4)
    >>> np.round((net @ np.array([1.0, 0.0, 0.0, 1.0])).real, 12)
    array([3., 2., 0., 1.])
    """
    n = size(n)
    taps = _taps(kernel)
    _memory.require(
        4 * 16 * n,
        f"the spectrum of a kernel on {n} points",
        "take cheapfast.Convolution(kernel, (n,)), the flat convolution without it",
    )
    single = taps.dtype in (np.float32, np.complex64)
    dtype: np.dtype[Any] = np.dtype(np.complex64 if single else np.complex128)
    radices = prime_factors(n)
    forward = butterfly_stages(n, radices, dtype=dtype)
    backward = butterfly_stages(n, radices, dtype=dtype, sign=1)
    diagonal = KroneckerSparse(
        (n, 1, 1, 1), _spectrum(taps, n, radices).astype(dtype).reshape(n, 1, 1, 1)
    )
    return Network([*(stage.T for stage in reversed(forward)), diagonal, *backward])


def _taps(kernel: npt.ArrayLike) -> npt.NDArray[Any]:
    """Check the kernel: one-dimensional, not empty, finite."""
    taps = np.asarray(kernel)
    if taps.dtype.kind not in "biufc":
        raise TypeError(f"kernel must be an array of numbers, got dtype {taps.dtype}")
    if taps.ndim != 1 or taps.size == 0:
        raise ValueError(f"kernel must be one-dimensional and not empty, got shape {taps.shape}")
    if not np.isfinite(taps).all():
        raise ValueError("kernel must be finite: a NaN or inf would spread over the whole spectrum")
    return taps


def _spectrum(taps: npt.NDArray[Any], n: int, radices: list[int]) -> npt.NDArray[Any]:
    """Return the diagonal between the transforms: P F h / n, computed in double precision."""
    wrapped = np.zeros(n, dtype=np.complex128)
    np.add.at(wrapped, np.arange(taps.size) % n, taps)
    spectrum = np.fft.fft(wrapped) / n
    if len(radices) < 2:
        return np.asarray(spectrum)
    reversal = Permutation.digit_reversal(tuple(radices[::-1]))
    return np.asarray(reversal.apply(spectrum[:, np.newaxis])[:, 0])
