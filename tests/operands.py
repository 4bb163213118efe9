"""Operands in all layouts, and networks applied layer by layer: what kernels are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import cheapfast as cf

Array = npt.NDArray[Any]

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)
LAYOUTS = ("C", "F", "misaligned", "strided")


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Draw normal numbers of any dtype."""
    numbers = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        numbers = numbers + 1j * rng.standard_normal(shape)
    return np.asarray(numbers).astype(dtype)


def placed(X: Array, layout: str) -> Array:
    """Copy an array into a layout; read-only."""
    if layout == "F":
        X = np.asfortranarray(X)
    elif layout == "misaligned":
        room = np.empty(X.size + 1, X.dtype)
        room[1:] = X.ravel()
        X = room[1:].reshape(X.shape)
    elif layout == "strided":
        room = np.empty((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
        room[::2, ::3] = X
        X = room[::2, ::3]
    X.flags.writeable = False
    return X


def one_by_one(net: cf.Network, X: Array) -> tuple[Array, Array]:
    """Apply the layers with NumPy in double precision: the result, and its terms' magnitudes."""
    double = np.complex128 if np.iscomplexobj(X) or net.dtype.kind == "c" else np.float64
    result, size = X.astype(double), np.abs(X).astype(np.float64)
    for layer in net:
        matrix = layer.to_csr()
        result, size = matrix @ result, abs(matrix) @ size
        if layer.bias is not None:
            result = result + layer.bias[:, None]
            size = size + np.abs(layer.bias)[:, None]
    return result, size


def assert_applies(net: cf.Network, X: Array, *kernels: str) -> None:
    """Compare all layers at once with one after another; all threads must agree bit for bit.

    A dot product of c numbers errs by at most (c + 3) eps times the sum of the magnitudes (the 3
    cover a complex product); the layers' bounds add up (Higham, Accuracy and Stability, 3.1).
    """
    result = net.apply(X, threads=1)
    expected, size = one_by_one(net, X)
    assert [step.kernel for step in net.explain().passes] == list(kernels)
    assert result.dtype == np.result_type(net.dtype, X.dtype)
    terms = sum(longest_sum(layer) + 4 for layer in net)
    assert np.all(np.abs(result - expected) <= terms * np.finfo(result.dtype).eps * size)
    np.testing.assert_array_equal(net.apply(X, threads=2), result)
    np.testing.assert_array_equal(net.apply(X, threads=5), result)


def longest_sum(layer: cf.Layer) -> int:
    return layer.pattern[2] if isinstance(layer, cf.KroneckerSparse) else 1
