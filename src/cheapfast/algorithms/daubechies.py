"""Daubechies' orthonormal wavelet transforms as networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._validate import integer
from cheapfast.algorithms._arguments import log2_size
from cheapfast.layers import KroneckerSparse, Layer, PassThrough, Sparse
from cheapfast.network import Network

#: The roots behind the filter lose digits with the order: up to here shifted products of the filter
#: are 0 or 1 to 1e-11 (to 1e-14 up to order 10).
_LARGEST_ORDER = 20


def daubechies(n: int, order: int, copies: bool = True) -> Network:
    r"""Periodic orthonormal wavelet transform of length `n` with Daubechies' filters.

    Each layer replaces the m averages of the level before by m/2 averages and m/2 details, filters
    of 2 `order` taps that wrap around, and hands the n - m finished coefficients on.

    Parameters
    ----------
    n : int
        Length of the transform, a power of two.
    order : int
        Vanishing moments of the wavelet, 1 (Haar) to 20; the filter has twice as many taps.
    copies : bool, optional
        Whether handing a finished coefficient on is a synapse, as for `haar`.

    Returns
    -------
    Network
        Shape (n, n), float64, :math:`\log_2 n` layers, outputs ordered as those of `haar`. A level
        of m averages has 2 m `order` synapses as long as the filter is not longer than m; where it
        wraps around onto itself the taps that meet are summed.

    Raises
    ------
    TypeError
        If `n` or `order` is no integer.
    ValueError
        If `n` is no power of two, or `order` is out of range.
    MemoryError
        If the layers do not fit: they are stored, not symbolic.

    Notes
    -----
    The filter h of p vanishing moments is the spectral factor inside the unit circle of
    :math:`2\,(\cos^2\tfrac\omega2)^p\,\sum_{k<p}\binom{p-1+k}{k}(\sin^2\tfrac\omega2)^k`
    (I. Daubechies, Ten Lectures on Wavelets, section 6.1). Averages are
    :math:`\sum_t h_t x_{2k+t}`, details :math:`\sum_t(-1)^t h_{2p-1-t}\,x_{2k+t}`.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> W = cf.algorithms.daubechies(64, 4)
    >>> bool(np.allclose(W.toarray() @ W.toarray().T, np.eye(64)))
    True
    >>> np.allclose(cf.algorithms.daubechies(8, 1).toarray(), cf.algorithms.haar(8).toarray())
    True
    """
    bits = log2_size(n)
    n = 1 << bits
    order = integer(order, "order", minimum=1)
    if order > _LARGEST_ORDER:
        raise ValueError(
            f"order must be at most {_LARGEST_ORDER} (the filter is computed in double precision), "
            f"got {order}"
        )
    if bits == 0:
        return Network([KroneckerSparse((1, 1, 1, 1), np.ones((1, 1, 1, 1)))])
    stored = 4 * order * n + (n * bits if copies else 0)
    _memory.require(48 * stored, f"daubechies({n}, {order})", "take a smaller n")
    taps = scaling_filter(order)
    return Network([_level(n >> level, n, taps, copies) for level in range(bits)])


def scaling_filter(order: int) -> npt.NDArray[np.float64]:
    """Return the 2 `order` taps of Daubechies' scaling filter, of sum sqrt(2) and norm 1.

    Parameters
    ----------
    order : int
        Vanishing moments.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> scaling_filter(2).round(6)
    array([ 0.482963,  0.836516,  0.224144, -0.12941 ])
    """
    powers = [math.comb(order - 1 + k, k) for k in range(order)]
    taps = np.array([math.sqrt(2)], dtype=np.complex128)
    for root in np.roots(powers[::-1]):
        taps = np.convolve(taps, _factor(complex(root)))
    for _ in range(order):
        taps = np.convolve(taps, [0.5, 0.5])
    return np.ascontiguousarray(taps.real)


def _factor(root: complex) -> npt.NDArray[np.complex128]:
    """Return (1 - z x)/(1 - z) for the z inside the unit circle with (2 - z - 1/z)/4 = root."""
    middle = 1 - 2 * root
    distance = complex(np.sqrt(middle * middle - 1))
    z = min(middle + distance, middle - distance, key=abs)
    return np.array([1, -z]) / (1 - z)


def _level(m: int, n: int, taps: npt.NDArray[np.float64], copies: bool) -> Layer:
    """Return the layer that transforms the first m of n features."""
    step = _filters(m, taps)
    if m == n:
        return Sparse(step)
    if not copies:
        return PassThrough(Sparse(step), n - m)
    return Sparse(sparse.block_diag([step, sparse.identity(n - m)], format="csr"))


def _filters(m: int, taps: npt.NDArray[np.float64]) -> Any:
    """Return m/2 averages over m/2 details of m points on a circle."""
    shifts = 2 * np.arange(m // 2)[:, np.newaxis]
    columns = (shifts + np.arange(len(taps))) % m
    rows = np.broadcast_to(shifts // 2, columns.shape)
    alternating = taps[::-1] * (-1.0) ** np.arange(len(taps))
    values = np.concatenate([np.broadcast_to(f, columns.shape) for f in (taps, alternating)])
    places = np.concatenate([rows, rows + m // 2]), np.concatenate([columns, columns])
    entries = values.ravel(), (places[0].ravel(), places[1].ravel())
    return sparse.csr_array(entries, shape=(m, m))
