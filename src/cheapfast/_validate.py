"""Checks of arguments, shared by the whole package.

Every check names the argument, says what was expected and what came, and returns the checked value
in the one form that the rest of the package works with: Python integers for sizes and counts (they
may be 2**60), native NumPy arrays of one of the four supported dtypes for values.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
import sys
import warnings
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

SUPPORTED_DTYPES: tuple[np.dtype[Any], ...] = tuple(
    np.dtype(name) for name in ("float32", "float64", "complex64", "complex128")
)

#: More threads than any machine has CPUs are a typing error.
MOST_THREADS = 2**16


def integer(
    value: object, name: str, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return an integer argument as a Python int.

    Parameters
    ----------
    value : object
        What the caller passed; anything with ``__index__`` but no bool.
    name : str
        Name of the argument, for the message.
    minimum, maximum : int, optional
        Least and largest value allowed.

    Returns
    -------
    int
        The same number, of any size.

    Raises
    ------
    TypeError
        If the value is no integer.
    ValueError
        If it is smaller than `minimum` or larger than `maximum`.

    Examples
    --------
    >>> integer(2**60, "n", minimum=1) == 2**60
    True
    """
    number = value if type(value) is int else _index(value)
    if number is None:
        raise TypeError(f"{name} must be an integer, got {value!r} ({type(value).__name__})")
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} is too large: at most {maximum:.0e} is allowed")
    return number


def _index(value: Any) -> int | None:
    """Return the integer that a value stands for; a bool is hardly ever meant as one."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def integers(values: object, name: str, minimum: int | None = None) -> tuple[int, ...]:
    """Return a sequence of integers (or one integer) as a tuple of Python ints.

    Parameters
    ----------
    values : int or iterable of int
        What the caller passed; a single integer means a tuple of one.
    name : str
        Name of the argument, for the message.
    minimum : int, optional
        Least value allowed for each.

    Returns
    -------
    tuple of int

    Raises
    ------
    TypeError
        If it is no sequence of integers.
    ValueError
        If one of them is smaller than `minimum`.
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a sequence of integers, got {values!r}")
    if not isinstance(values, Iterable):
        return (integer(values, name, minimum),)
    return tuple([integer(value, name, minimum) for value in values])


def real(value: object, name: str, expected: str) -> float:
    """Return a real number as a float; its range is the caller's to check.

    Parameters
    ----------
    value : object
        What the caller passed; no bool.
    name : str
        Name of the argument, for the message.
    expected : str
        What it should be, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {expected}, got {value!r}")
    return float(value)


def probability(value: object, name: str) -> float:
    """Return a probability as a float.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is NaN or outside [0, 1].
    """
    number = real(value, name, "a number between 0 and 1")
    if not 0.0 <= number <= 1.0:  # NaN fails this too
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}")
    return number


def choice(value: object, name: str, options: Collection[str]) -> str:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.
    options : collection of str
        What is allowed.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If the value is no string.
    ValueError
        If the value is none of the options; the message lists them.
    """
    listed = ", ".join(repr(option) for option in options)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {listed}, got {value!r} ({type(value).__name__})")
    if value not in options:
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")
    return value


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
    try:
        given = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{name} must be a NumPy dtype, got {dtype!r}") from None
    native = given.newbyteorder("=")
    if native in SUPPORTED_DTYPES:
        return native
    if native.kind in "biu":
        return np.dtype(np.float64)
    if native == np.dtype(np.float16):
        return np.dtype(np.float32)
    listed = ", ".join(str(one) for one in SUPPORTED_DTYPES)
    raise TypeError(f"{name} must be one of {listed} (or an integer type), got {given}")


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
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill it first, {name}.filled(value)")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
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


def thread_count(threads: object = None) -> int:
    """Return the number of threads to use.

    Parameters
    ----------
    threads : int, optional
        None means the environment variable CHEAPFAST_NUM_THREADS if it is set, else the CPUs that
        this process may run on.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TypeError
        If `threads` is no integer.
    ValueError
        If it is smaller than 1 or above `MOST_THREADS`, or the environment variable is no such
        number.
    """
    if threads is not None:
        number = integer(threads, "threads", minimum=1)
        if number > MOST_THREADS:
            raise ValueError(f"threads must be at most {MOST_THREADS}, got {number}")
        return number
    setting = os.environ.get("CHEAPFAST_NUM_THREADS", "").strip()
    if setting:
        # the length first: Python refuses to read thousands of digits
        if not (setting.isdecimal() and len(setting) < 10 and 1 <= int(setting) <= MOST_THREADS):
            raise ValueError(
                "CHEAPFAST_NUM_THREADS must be a positive integer of at most "
                f"{MOST_THREADS}, got {setting!r}"
            )
        return int(setting)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def size_of(shape: Iterable[int]) -> int:
    """Return the product of the dimensions as a Python int (NumPy's would wrap at 2**63).

    Parameters
    ----------
    shape : iterable of int
        The dimensions.

    Returns
    -------
    int
    """
    return math.prod(shape)
