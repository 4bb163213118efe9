"""Transforms of arrays that need no network: the compiled kernel, called directly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast._arrays import check_out, plain_array, supported_dtype
from cheapfast._validate import integer, thread_count

# A name of this module: looking it up in another one is felt where a transform takes 100 ns.
_plain = _core.hadamard_plain

_INSTEAD = "pass out=x to transform in place"


def hadamard_transform(
    x: npt.ArrayLike,
    out: npt.NDArray[Any] | None = None,
    axis: int = -1,
    threads: int | None = None,
) -> npt.NDArray[Any]:
    r"""Walsh-Hadamard transform along one axis.

    Parameters
    ----------
    x : array_like
        Data of any number of dimensions, real or complex. Its length n along `axis` must be a power
        of two.
    out : ndarray, optional
        Where the result goes, of any layout: the shape of `x` and the dtype of the result. It may
        be `x` itself, and may overlap `x` in any other way. A new array if not given.
    axis : int, optional
        The axis to transform; the last one by default.
    threads : int, optional
        How many threads to use; by default the environment variable ``CHEAPFAST_NUM_THREADS``, else
        one for each CPU that this process may use. The result does not depend on it, to the bit.

    Returns
    -------
    ndarray
        `out`, or a new array: float32, float64, complex64 or complex128 as `x` is, float64 for
        integers and booleans, float32 for float16.

    Raises
    ------
    ValueError
        If n is no power of two, `axis` is none of `x`, `out` is read-only or of another shape, or
        `threads` is smaller than 1.
    TypeError
        If `x` is a masked array or its dtype is not supported, `out` is no array of the result's
        dtype, or `axis` or `threads` is no integer.
    MemoryError
        If the result, or a copy that an unusual layout takes, does not fit.

    See Also
    --------
    cheapfast.algorithms.hadamard : the same matrix as a network, to be counted and fused.

    Notes
    -----
    Along the axis,

    .. math:: y_i = \sum_{j=0}^{n-1} (-1)^{b(i \wedge j)} x_j,

    where :math:`b` counts the ones of the bitwise and of i and j. This is Sylvester's order, that
    of :func:`scipy.linalg.hadamard`, and it is not normalised: twice the transform is n times the
    identity. The :math:`n \log_2 n` sums are made pairwise, so rounding errors grow with
    :math:`\log_2 n` only. NaN and infinities spread to the entire transform, as the sum says.

    Arrays whose transformed axis is not contiguous are transformed in place, many columns at a
    time, and not by transposing. An interrupted call (Ctrl-C) leaves `out` half done.

    References
    ----------
    B. J. Fino and V. R. Algazi, "Unified matrix treatment of the fast Walsh-Hadamard transform",
    IEEE Transactions on Computers C-25 (1976), 1142-1146.

    Examples
    --------
    >>> import numpy as np
    >>> import cheapfast as cf
    >>> cf.hadamard_transform([1.0, 2.0, 3.0, 4.0])
    array([10., -2., -4.,  0.])
    >>> x = np.eye(4, dtype=np.float32)
    >>> cf.hadamard_transform(x, out=x, axis=0) is x
    True
    >>> x
    array([[ 1.,  1.,  1.,  1.],
           [ 1., -1.,  1., -1.],
           [ 1.,  1., -1., -1.],
           [ 1., -1., -1.,  1.]], dtype=float32)
    """
    result = _plain(x, out, axis, threads, thread_count)
    return _hadamard_any(x, out, axis, threads) if result is None else result


def _hadamard_any(
    x: npt.ArrayLike, out: npt.NDArray[Any] | None, axis: int, threads: int | None
) -> npt.NDArray[Any]:
    """Transform what is not a plain call, or say what is wrong with it."""
    workers = thread_count(threads)
    source = _array(x)
    dtype = supported_dtype(source.dtype, "x")
    position = _position(axis, source.ndim)
    _check_length(source.shape[position], axis)
    size = source.size * dtype.itemsize
    if out is None:
        _memory.require(size, "the result of hadamard_transform", _INSTEAD)
        out = np.empty_like(source, dtype=dtype, subok=False)
    else:
        check_out(out, source.shape, dtype)
    source = _ready(source, out)
    if not _core.hadamard_strided(source, out, position, workers):
        _memory.require(size, "a contiguous copy of x", "pass contiguous arrays")
        copy = np.array(source, order="C")
        _core.hadamard_strided(copy, copy, position, workers)
        np.copyto(out, copy)
    return out


def _ready(source: npt.NDArray[Any], out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the data where the kernel can read it: as it is, or copied to `out`."""
    same_strides = source.dtype == out.dtype and source.strides == out.strides
    if same_strides and source.ctypes.data == out.ctypes.data:
        return out
    if np.may_share_memory(source, out):
        _memory.require(source.nbytes, "a copy of x, which overlaps out,", _INSTEAD)
        np.copyto(out, source.copy())
        return out
    if same_strides:
        return source
    np.copyto(out, source)
    return out


def _array(x: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return x as an array."""
    if hasattr(x, "tocsr"):
        raise TypeError("x is a sparse matrix: transform x.toarray()")
    return plain_array(x, "x")


def _position(axis: int, ndim: int) -> int:
    """Return the axis, counted from the first one."""
    position = integer(axis, "axis")
    if ndim == 0:
        raise ValueError("x must have at least one dimension, got a single number")
    if not -ndim <= position < ndim:
        raise ValueError(
            f"axis must be between {-ndim} and {ndim - 1} for x of {ndim} dimension(s), got {axis}"
        )
    return position % ndim


def _check_length(n: int, axis: int) -> None:
    """Check that the length of the transform is a power of two."""
    if n > 0 and n & (n - 1) == 0:
        return
    message = f"x must have a power of two as its length along axis {axis}, got {n}"
    if n > 0:
        message += f"; pad it with zeros to {1 << math.ceil(math.log2(n))}"
    raise ValueError(message)
