"""What is applied to a network: dtype rules, and the axis that holds the features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _arrays

Array = npt.NDArray[Any]

_DOUBLE = (np.dtype(np.float64), np.dtype(np.complex128))


def as_operand(x: npt.ArrayLike, name: str = "X") -> Array:
    """Return `x` as an array, not yet converted, if a network can be applied to it.

    Parameters
    ----------
    x : array_like
    name : str
        The argument's name, for messages.

    Returns
    -------
    ndarray
        Of any dtype that `working_dtype` takes.

    Raises
    ------
    TypeError
        For a sparse matrix, a masked array, and every dtype that is not supported.
    ValueError
        For nested sequences that are no array.
    """
    if hasattr(x, "tocsr"):
        raise TypeError(
            f"{name} is a sparse matrix: compose it with cheapfast.chain(...), "
            f"or apply the network to {name}.toarray()"
        )
    array = _arrays.plain_array(x, name)
    _arrays.supported_dtype(array.dtype, f"the dtype of {name}")
    return array


def working_dtypes(x: np.dtype[Any], network: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Return the dtype in which the first pass gets an operand, and that of the result.

    Parameters
    ----------
    x : numpy.dtype
        Of the operand.
    network : numpy.dtype
        Common to all weights.

    Returns
    -------
    first, result : numpy.dtype
        The operand is in double precision where the result is, so that no pass computes in less;
        but it stays real, so that only the layers which need complex arithmetic pay for it.
    """
    promoted = _arrays.supported_dtype(x, "X")
    result = np.result_type(network, promoted)
    first = np.result_type(promoted, np.float64) if result in _DOUBLE else promoted
    return first, result


def feature_axis(x: Array, axis: int, features: int) -> int:
    """Return `axis`, not negative, if `x` has that many features along it.

    Parameters
    ----------
    x : ndarray
    axis : int
        Negative counts from the end.
    features : int

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If X is a scalar, has no such axis, or its length is not `features`.
    """
    if x.ndim == 0:
        raise ValueError(f"X must have at least one axis, of {features} features; got a scalar")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis={axis} is out of range for X of shape {x.shape}")
    axis %= x.ndim
    if x.shape[axis] != features:
        raise ValueError(
            f"expected {features} features along axis {axis} of X, "
            f"got {x.shape[axis]} (X has shape {x.shape})"
        )
    return axis


def to_columns(x: Array, axis: int, dtype: np.dtype[Any]) -> Array:
    """Move the features first: (features, k) of a dtype, k counting everything else.

    Parameters
    ----------
    x : ndarray
    axis : int
        Of the features, not negative.
    dtype : numpy.dtype

    Returns
    -------
    ndarray, (features, k)
        A view where dtype and strides allow one.
    """
    moved = x.astype(dtype, copy=False)
    if axis != 0:  # numpy.moveaxis takes as long as a small network
        moved = moved.transpose(axis, *range(axis), *range(axis + 1, x.ndim))
    if moved.ndim == 2:
        return moved
    # math.prod and not -1: with no features NumPy could not infer the number of columns
    return moved.reshape(moved.shape[0], math.prod(moved.shape[1:]))


def from_columns(columns: Array, axis: int, rest: tuple[int, ...]) -> Array:
    """Undo `to_columns`: (outputs, k) becomes `rest` with the outputs along `axis`.

    Parameters
    ----------
    columns : ndarray, (outputs, k)
    axis : int
    rest : tuple of int
        The lengths of the other axes.

    Returns
    -------
    ndarray
        A view.
    """
    result = columns.reshape(columns.shape[0], *rest)
    return result if axis == 0 else np.moveaxis(result, 0, axis)
