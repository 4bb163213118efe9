"""Checks of arrays and their types, shared by the whole package.

Every check names the argument, says what was expected and what came, and returns the checked value
in the one form that the rest of the package works with: native NumPy arrays of one of the four
supported dtypes.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

SUPPORTED_DTYPES: tuple[np.dtype[Any], ...] = tuple(
    np.dtype(name) for name in ("float32", "float64", "complex64", "complex128")
)


def supported_dtype(dtype: npt.DTypeLike, name: str = "dtype") -> np.dtype[Any]:
    """Return the supported dtype that holds `dtype` without losing anything it can promise.

    Parameters
    ----------
    dtype : dtype_like
        Integers and booleans become float64, float16 becomes float32, any byte order native.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    numpy.dtype
        float32, float64, complex64 or complex128.

    Raises
    ------
    TypeError
        For longdouble (it would be narrowed), objects, strings, dates, records.

    Examples
    --------
    >>> supported_dtype(np.int8), supported_dtype("f2")
    (dtype('float64'), dtype('float32'))
    """
    given = numpy_dtype(dtype, name)
    native = given.newbyteorder("=")
    if native in SUPPORTED_DTYPES:
        return native
    if native.kind in "biu":
        return np.dtype(np.float64)
    if native == np.dtype(np.float16):
        return np.dtype(np.float32)
    listed = ", ".join(str(one) for one in SUPPORTED_DTYPES)
    raise TypeError(f"{name} must be one of {listed} (or an integer type), got {given}")


def numpy_dtype(dtype: npt.DTypeLike, name: str) -> np.dtype[Any]:
    """Return what the caller passed as a dtype.

    Parameters
    ----------
    dtype : dtype_like
    name : str
        Name of the argument, for the message.

    Returns
    -------
    numpy.dtype

    Raises
    ------
    TypeError
        If NumPy knows no such dtype.
    """
    try:
        return np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{name} must be a NumPy dtype, got {dtype!r}") from None


def plain_array(value: object, name: str) -> npt.NDArray[Any]:
    """Return what the caller passed as an array, of whatever dtype.

    Parameters
    ----------
    value : array_like
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError
        If it is masked.
    ValueError
        If it is no rectangular array.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill it first, {name}.filled(value)")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None


def weights(value: object, name: str, ndim: int | None = None) -> npt.NDArray[Any]:
    """Return an array of weights in a supported, native dtype, copied only if that needs a copy.

    Parameters
    ----------
    value : array_like
        What the caller passed.
    name : str
        Name of the argument, for the message.
    ndim : int, optional
        Number of dimensions asked for.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError
        If the dtype is not supported.
    ValueError
        If the number of dimensions is wrong, or the value is no rectangular array.
    """
    array = plain_array(value, name)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {array.shape}")
    return aligned(array.astype(supported_dtype(array.dtype, name), copy=False))


def aligned(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array that the kernels may read.

    Parameters
    ----------
    array : numpy.ndarray

    Returns
    -------
    numpy.ndarray
        A copy if the numbers lie at odd addresses, as they do in buffers from files or networks.
    """
    return array if array.flags.aligned else array.copy()


def bias_vector(value: object, outputs: int, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """Return a bias as a read-only vector of the layer's dtype.

    Parameters
    ----------
    value : array_like or None
        What the caller passed; None stays None.
    outputs : int
        Length asked for.
    dtype : numpy.dtype
        The layer's dtype: the bias is rounded to it, as NumPy's ``+=`` does.

    Returns
    -------
    numpy.ndarray or None
        Shape (outputs,); a copy, so that a later change of the caller's array does not matter.

    Raises
    ------
    TypeError
        If the bias is complex and the layer is real.
    ValueError
        If the length is not `outputs`.
    """
    if value is None:
        return None
    vector = weights(value, "bias", ndim=1)
    if vector.shape[0] != outputs:
        raise ValueError(
            f"bias must have shape ({outputs},), one entry an output, got {vector.shape}"
        )
    if not np.can_cast(vector.dtype, dtype, casting="same_kind"):
        raise TypeError(f"bias must be real for a layer of dtype {dtype}, got {vector.dtype}")
    return read_only(vector.astype(dtype, copy=True))


def check_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise unless `out` can take the result as it is: shape and dtype exact, writable.

    Parameters
    ----------
    out : object
        What the caller passed.
    shape : tuple of int
    dtype : numpy.dtype

    Raises
    ------
    TypeError
        If `out` is no ndarray, a masked one, or has another dtype.
    ValueError
        If `out` has another shape or is read-only.
    """
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"out must be a numpy.ndarray, got {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"out must have the result's dtype {dtype}, got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out must have the result's shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writable, it is read-only")


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of the array that cannot be written through.

    Parameters
    ----------
    array : numpy.ndarray
        Any array; its own flags are left as they are.

    Returns
    -------
    numpy.ndarray
        The same memory.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def warn_non_finite(count: int, name: str) -> None:
    """Warn that NaN or infinite weights are synapses like any other.

    The warning points at the line outside of this package that led here.

    Parameters
    ----------
    count : int
        How many there are; 0 means no warning.
    name : str
        Name of the argument that holds them.
    """
    if count:
        warnings.warn(
            f"{name} holds {count} NaN or infinite value(s): each is counted as a synapse",
            UserWarning,
            stacklevel=_levels_inside() + 1,
        )


def _levels_inside() -> int:
    """Count the frames of this package between its user and the caller of this function."""
    levels, frame = 0, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "cheapfast":
        levels, frame = levels + 1, frame.f_back
    return levels
