"""Factors whose blocks are one small matrix between two diagonals: pieces of fast transforms.

A discrete Fourier or cosine transform consists of such factors, and so do their scaled, shifted and
permuted relatives. One vector is applied to them at the speed of their weights; a small matrix and
the diagonals are fewer.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast.layers.values import magnitudes_of

Array = npt.NDArray[Any]

_ULPS = 16  # the roundings of a product of three, of the divisions, and of the product again
_SMALLEST = 4  # block for which diagonals are much less than all values
_WIDEST = 2.0**24  # ratio of two entries of a diagonal: more would tell on the range of results
_LEAST_PIVOT = 1e-3  # of the largest entry: smaller ones would spoil what is divided by them


class Tied(NamedTuple):
    """The values after[ia, ib, id] * block[ib, ic] * before[ia, ic, id].

    Parameters
    ----------
    block : ndarray, (b, c)
    before, after : ndarray, (a, c, d) and (a, b, d)
    """

    block: Array
    before: Array
    after: Array


def tied_block(values: Array) -> Tied | None:
    """Find the small matrix and the diagonals that make up the values of a factor.

    Parameters
    ----------
    values : ndarray, (a, b, c, d)
        All of them written out.

    Returns
    -------
    Tied or None
        None if there are none within a few units in the last place of every value, if the blocks
        are so small that nothing would be saved, or if there is one block only.

    Notes
    -----
    With the first block as the small matrix F, the others divided by it, entry by entry, must have
    rank one. A row and a column of F without small entries tell what the diagonals are.

    With d = `_ULPS` machine epsilons in each value, a result is within ``(d + O(c eps)) |A| |x|``
    of A x, entry by entry, as that of a product with all values is: the values A are changed by no
    more than a sum of some terms is rounded.
    """
    a, b, c, d = values.shape
    if min(b, c) < _SMALLEST or a * d < 2 or not np.all(np.isfinite(values[0, :, :, 0])):
        return None
    block = values[0, :, :, 0]
    size = np.abs(block)
    row, column = int(size.min(axis=1).argmax()), int(size.min(axis=0).argmax())
    if min(size[row].min(), size[:, column].min()) < _LEAST_PIVOT * size.max():
        return None
    sample = _diagonals(values[-1:, :, :, -1:], block, row, column)
    if not _is_close(values[-1:, :, :, -1:], sample):  # tells nearly all other values apart
        return None
    found = _diagonals(values, block, row, column)
    return _moderate(found) if _is_close(values, found) else None


def _diagonals(values: Array, block: Array, row: int, column: int) -> Tied:
    """Read the diagonals off one row and one column of each block."""
    with np.errstate(all="ignore"):  # what is not finite is found out when all is compared
        before = values[:, row] / block[row, :, np.newaxis]
        after = values[:, :, column] / block[:, column, np.newaxis] / before[:, column, np.newaxis]
    return Tied(block, before, after)


def _moderate(tied: Tied) -> Tied | None:
    """Let the small matrix have the size of the diagonals; None if they are too wide for that.

    Products with them must keep to the range of the type, or nearly. Scales are powers of two.
    """
    scales = []
    for diagonal in (tied.before, tied.after):
        least, most = magnitudes_of(diagonal)
        if not (0 < least <= most < math.inf and most <= least * _WIDEST):
            return None
        scales.append(2.0 ** round(math.log2(least) / 2 + math.log2(most) / 2))
    first, last = scales
    return Tied(tied.block * (first * last), tied.before / first, tied.after / last)


def _is_close(values: Array, tied: Tied) -> bool:
    """Compare entry by entry: a small one may be all that a vector meets."""
    allowed = _ULPS * np.finfo(values.dtype).eps
    with np.errstate(all="ignore"):
        scale = tied.after[:, :, np.newaxis] * tied.before[:, np.newaxis]
        error = np.abs(values - scale * tied.block[:, :, np.newaxis])
        return bool(np.all(error <= allowed * np.abs(values)))
