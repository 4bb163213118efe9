"""Twiddle factors of the passes of a Fourier transform, in full or as products of two short tables.

Before a pass joins the `radix` rows q, q + step, q + 2 step, ... of tile j, row f of them is
multiplied by exp(-2 pi i f (q stride + j) / (radix step stride)). For one vector these factors
differ from lane to lane, and the last pass has nearly as many of them as the vector has entries:
to bring them from memory would take as long as the vector itself. But they are products of
exp(-2 pi i f j / (radix step stride)), which belongs to the tile, and exp(-2 pi i f q / (radix
step)), which all tiles share: two tables of about the square root of that size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers.roots import roots_of_unity
from cheapfast.plan.runs.phases import Packing, cut_phases

if TYPE_CHECKING:
    from cheapfast.plan.runs.stages import Stage

Array = npt.NDArray[Any]

# What stays in a first-level cache beside a tile costs less than to multiply.
_NEAR_BYTES = 1 << 15


def twiddles(stride: int, radix: int, step: int, packing: Packing) -> tuple[Array, Array | None]:
    """Return the twiddle factors of a pass.

    Parameters
    ----------
    stride : int
        Distance of neighbouring rows of a tile.
    radix, step : int
        How many rows of a tile the pass joins, and how far they are apart in the tile.
    packing : Packing

    Returns
    -------
    weights : ndarray, (1, stride, 1, step or 1, radix - 1)
        Axes (outer, j, group, q, f). If q has one entry only, those of q = 0.
    turns : ndarray, (step, radix - 1), or None
        What those are to be multiplied by for q; None if they are all there.
    """
    frequencies = np.arange(1, radix, dtype=np.int64)
    period = radix * step * stride
    turns = None
    if _are_multiplied(stride, radix, step, packing):
        numerators = np.arange(step, dtype=np.int64)[:, None] * frequencies
        turns = roots_of_unity(numerators, radix * step, -1).astype(packing.dtype)
        step = 1
    ids = np.arange(step * stride, dtype=np.int64).reshape(step, stride).T
    numerators = ids[None, :, None, :, None] * frequencies % period
    return roots_of_unity(numerators, period, -1).astype(packing.dtype), turns


def twiddle_bytes(run: Sequence[Stage], features: int, packing: Packing) -> int:
    """Return the bytes of the twiddle factors that a transform keeps, nothing made.

    Parameters
    ----------
    run : sequence of Stage
        Of kind ``fourier``.
    features : int
    packing : Packing

    Returns
    -------
    int
        Each factor once, however many lanes of a register it fills.
    """
    total = 0
    for phase in cut_phases(run, features, packing):
        for _, radix, step in phase.passes():
            if _are_multiplied(phase.stride, radix, step, packing):
                total += _bytes(phase.stride, radix, 1, packing) + _bytes(1, radix, step, packing)
            else:
                total += _bytes(phase.stride, radix, step, packing)
    return total


def _are_multiplied(stride: int, radix: int, step: int, packing: Packing) -> bool:
    """Say whether the factors of a pass are products of two tables."""
    return packing.per_lane and step > 1 and _bytes(stride, radix, step, packing) > _NEAR_BYTES


def _bytes(stride: int, radix: int, step: int, packing: Packing) -> int:
    """Return the size of all twiddle factors of a pass."""
    return stride * step * (radix - 1) * packing.dtype.itemsize
