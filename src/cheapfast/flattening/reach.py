"""Which rows and columns of a product of layers hold anything: bounds of its count that are cheap.

All runs of neighbouring layers are looked at in one sweep, 64 of them a word of bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.support import CsrSupport

Counts = npt.NDArray[np.int64]
_WORD = 64

#: Row b: the bits of the octet b, the lowest first.
_BITS_OF_OCTETS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1)[:, ::-1]


def nonzero_rows(layers: Sequence[CsrSupport]) -> Counts:
    """Count the nonzero rows of the product of every run of layers.

    Parameters
    ----------
    layers : sequence of CsrSupport
        In data-flow order.

    Returns
    -------
    ndarray of int64
        Entry [i, j], j >= i: rows of layer j ... layer i that are not empty. Below the diagonal 0.

    Notes
    -----
    Node by node, the set of the starts i from which a path leads there: O(L^2 / 64) times the
    synapses of an average layer.
    """
    depth = len(layers)
    counts = np.zeros((depth, depth), dtype=np.int64)
    for first in range(0, depth, _WORD):
        reached = np.zeros(layers[first].shape[1], dtype=np.uint64)
        stop = min(first + _WORD, depth)
        for j in range(first, depth):
            if j < stop:  # a path may begin at any input of layer j
                reached |= np.uint64(1 << (j - first))
            reached = over_rows(np.bitwise_or, layers[j], reached)
            counts[first:stop, j] = _each_bit(reached, stop - first)
    return counts


def largest_rows(layers: Sequence[CsrSupport], first: int) -> list[int]:
    """Bound the count of a growing product from below by the longest rows that make up its rows.

    Parameters
    ----------
    layers : sequence of CsrSupport
        In data-flow order.
    first : int
        Where the runs begin.

    Returns
    -------
    list of int
        For the layers first to first, first + 1, ...: a row of the product holds at least as much
        as the longest of the rows of the product before that it is a union of.
    """
    sizes = np.diff(layers[first].indptr).astype(np.int64)
    bounds = [int(sizes.sum())]
    for layer in layers[first + 1 :]:
        sizes = over_rows(np.maximum, layer, sizes)
        bounds.append(int(sizes.sum()))
    return bounds


def transposed(layers: Sequence[CsrSupport]) -> list[CsrSupport]:
    """Return the transposed layers in reversed order: columns of the ones are rows of the others.

    Parameters
    ----------
    layers : sequence of CsrSupport
        In data-flow order.

    Returns
    -------
    list of CsrSupport
    """
    return [layer.T.to_csr() for layer in reversed(layers)]


def over_rows(combine: np.ufunc, layer: CsrSupport, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Combine the values of the columns of each row; 0 where there are none.

    Parameters
    ----------
    combine : numpy.ufunc
        Of two values.
    layer : CsrSupport
    values : ndarray
        One for each column.

    Returns
    -------
    ndarray
        One for each row.
    """
    result = np.zeros(layer.shape[0], dtype=values.dtype)
    starts = layer.indptr[:-1]
    occupied = starts < layer.indptr[1:]
    if occupied.any():
        result[occupied] = combine.reduceat(values[layer.indices], starts[occupied])
    return result


def _each_bit(words: npt.NDArray[np.uint64], bits: int) -> Counts:
    """Count, for each of the first bits of a word, the words that have it."""
    octets = words.astype("<u8", copy=False).view(np.uint8).reshape(len(words), 8)
    counts = [
        np.bincount(octets[:, k], minlength=256) @ _BITS_OF_OCTETS for k in range(-(-bits // 8))
    ]
    return np.concatenate(counts)[:bits].astype(np.int64)
