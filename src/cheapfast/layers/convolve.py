"""Arithmetic of convolutions on arrays whose last axis counts the vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.support.offsets import Offset

Array = npt.NDArray[Any]


def geometry(
    kernel: tuple[int, ...], shape: tuple[int, ...], mode: str
) -> tuple[tuple[int, ...], Offset]:
    """Return the shape of the output, and where it starts in the full convolution.

    Parameters
    ----------
    kernel, shape : tuple of int
        Shapes of kernel and input.
    mode : str
        circular, full, same or valid.

    Returns
    -------
    out_shape, start : tuple of int

    Raises
    ------
    ValueError
        In mode valid, if neither is at least as large as the other along every axis.
    """
    if mode == "circular" or 0 in shape:
        return shape, (0,) * len(shape)
    sizes = list(zip(kernel, shape, strict=True))
    if mode == "full":
        return tuple([k + n - 1 for k, n in sizes]), (0,) * len(shape)
    if mode == "same":
        return shape, tuple([(k - 1) // 2 for k, _ in sizes])
    if not (all(k <= n for k, n in sizes) or all(k >= n for k, n in sizes)):
        raise ValueError(
            "mode 'valid' needs a kernel that fits into the shape along all axes, or the reverse; "
            f"got kernel {kernel} and shape {shape}"
        )
    return tuple([abs(n - k) + 1 for k, n in sizes]), tuple([min(k, n) - 1 for k, n in sizes])


def folded(kernel: Array, shape: tuple[int, ...]) -> Array:
    """Wrap a circular kernel that is longer than the array: weights that meet are added.

    Parameters
    ----------
    kernel : numpy.ndarray
        The weights.
    shape : tuple of int
        Shape of the array.

    Returns
    -------
    numpy.ndarray
        At most `shape` along every axis of the array that is not empty.
    """
    for axis, n in enumerate(shape):
        k = kernel.shape[axis]
        if n == 0 or k <= n:
            continue
        starts = range(0, k, n)
        parts = [kernel.take(range(first, min(first + n, k)), axis=axis) for first in starts]
        total = np.array(parts[0])
        for part in parts[1:]:
            total[(slice(None),) * axis + (slice(part.shape[axis]),)] += part
        kernel = total
    return kernel


def add_shifted(
    grid: Array,
    terms: Iterable[tuple[Offset, Any]],
    out_shape: tuple[int, ...],
    circular: bool,
) -> Array:
    """Add a shifted copy of the input for every weight.

    Parameters
    ----------
    grid : numpy.ndarray
        Input arrays, one for each index of the last axis.
    terms : iterable of (offset, weight)
        Differences of output and input index, and the weights.
    out_shape : tuple of int
        Shape of an output array.
    circular : bool
        Whether indices are taken modulo the shape.

    Returns
    -------
    numpy.ndarray
        Output arrays, one for each index of the last axis.
    """
    in_shape = grid.shape[:-1]
    result = np.zeros((*out_shape, grid.shape[-1]), dtype=grid.dtype)
    for offset, weight in terms:
        if circular:
            shift = [o % n for o, n in zip(offset, in_shape, strict=True)]
            result += weight * np.roll(grid, shift, axis=tuple(range(len(offset))))
            continue
        bounds = [
            (max(0, o), max(0, o, min(m, n + o)), o)
            for o, n, m in zip(offset, in_shape, out_shape, strict=True)
        ]
        targets = tuple([slice(first, last) for first, last, _ in bounds])
        sources = tuple([slice(first - o, last - o) for first, last, o in bounds])
        if all(first < last for first, last, _ in bounds):
            result[targets] += weight * grid[sources]
    return result


def by_fft(
    grid: Array,
    kernel: Array,
    start: Offset,
    out_shape: tuple[int, ...],
    circular: bool,
) -> Array:
    """Multiply transforms; without wrapping, where the grid holds the full convolution.

    Parameters
    ----------
    grid : numpy.ndarray
        Input arrays, one for each index of the last axis.
    kernel : numpy.ndarray
        The weights.
    start : tuple of int
        Index of the full (or circular) convolution that is output 0.
    out_shape : tuple of int
        Shape of an output array.
    circular : bool
        Whether indices are taken modulo the shape.

    Returns
    -------
    numpy.ndarray
        Output arrays, one for each index of the last axis.
    """
    from scipy import fft

    in_shape = grid.shape[:-1]
    axes = tuple(range(len(in_shape)))
    full = [n + k - 1 for n, k in zip(in_shape, kernel.shape, strict=True)]
    size = in_shape if circular else tuple([fft.next_fast_len(n) for n in full])
    real = grid.dtype.kind == "f"
    forward, backward = (fft.rfftn, fft.irfftn) if real else (fft.fftn, fft.ifftn)
    weights = kernel.astype(grid.dtype, copy=False)[..., np.newaxis]
    transformed = forward(grid, s=size, axes=axes) * forward(weights, s=size, axes=axes)
    product: Array = backward(transformed, s=size, axes=axes)
    if circular:
        product = np.roll(product, [-s for s in start], axis=axes)
    else:
        product = _window(product, full, start, out_shape)
    return product.astype(grid.dtype, copy=False)


def _window(full: Array, sizes: list[int], start: Offset, shape: tuple[int, ...]) -> Array:
    """Cut out entries start ... start + shape - 1; outside the full convolution there are zeros."""
    result = np.zeros((*shape, full.shape[-1]), dtype=full.dtype)
    targets, sources = [], []
    for first, m, size in zip(start, shape, sizes, strict=True):
        low, high = max(first, 0), max(first, 0, min(first + m, size))
        targets.append(slice(low - first, high - first))
        sources.append(slice(low, high))
    result[tuple(targets)] = full[tuple(sources)]
    return result
