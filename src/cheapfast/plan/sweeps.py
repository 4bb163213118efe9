"""Weights of a run of 2 x 2 blocks, in the order in which sweeps over the rows read them.

One vector is taken as a matrix with a register a row: layers whose stride is at least a register
join rows, with a weight for each lane, and those of smaller stride join lanes. Many vectors have a
row for each feature, and share its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.plan.placing import aligned_empty
from cheapfast.plan.stages import Stage, is_falling, passes_of

if TYPE_CHECKING:
    from cheapfast.plan.packing import Packing

Array = npt.NDArray[Any]

# The kernel's numbers for what a pass does (FusedKind).
_RISING, _FALLING = range(2)
_NO_LANES = 1 << 30


def can_sweep(run: Sequence[Stage], packing: Packing) -> bool:
    """Say whether a run can be applied in sweeps.

    Parameters
    ----------
    run : sequence of Stage
    packing : Packing

    Returns
    -------
    bool
        For many vectors, whatever has 2 x 2 blocks; for one vector, the strides must be powers of
        two and one of them join registers.
    """
    if run[0].kind != "blocks":
        return False
    strides = [stage.stride for stage in run]
    if not packing.per_lane:
        return True
    return max(strides) >= packing.lanes and all(stride & (stride - 1) == 0 for stride in strides)


def pack_sweeps(run: Sequence[Stage], features: int, packing: Packing) -> _core.PackedSweeps:
    """Write the weights of a run down.

    Parameters
    ----------
    run : sequence of Stage
    features : int
    packing : Packing

    Returns
    -------
    PackedSweeps
        Holds the weights and applies them.
    """
    lanes = packing.lanes if packing.per_lane else 1
    falling = is_falling(run)
    within = [stage for stage in run if stage.stride < lanes]
    across = [stage for stage in run if stage.stride >= lanes]
    largest = _core.sweep_radix(packing.dtype, packing.per_lane)
    sizes = passes_of([stage.radix for stage in across], largest)
    ends = np.cumsum([0, *sizes]).tolist()
    passes = []
    for number, (start, end) in enumerate(pairwise(ends)):
        stages = across[start:end]
        stride = min(stage.stride for stage in stages)
        lowest = _NO_LANES
        groups = _joining_rows(stages, stride, features)
        if within and number == (len(sizes) - 1 if falling else 0):
            lowest = min(stage.stride for stage in within)
            mixed = _joining_lanes(within, 1 << len(stages), stride, features)
            groups = _both(*((groups, mixed) if falling else (mixed, groups)))
        weights = _arranged(groups, lanes, packing.dtype)
        passes.append(
            (
                _FALLING if falling else _RISING,
                1 << len(stages),
                stride // lanes,
                weights,
                weights.shape[1] * weights.shape[2] if weights.shape[0] > 1 else 0,
                weights.shape[2] if weights.shape[1] > 1 else 0,
                lowest,
            )
        )
    return _core.PackedSweeps(features, packing.dtype, packing.per_lane, passes)


def _joining_rows(stages: Sequence[Stage], stride: int, features: int) -> Array:
    """Return the blocks of a pass, axes (g, number, id): 4 weights a block, stage after stage.

    g counts the groups of radix * stride features, id runs below the stride; both may be 1 where
    the weights are tied.
    """
    arrays = [stage.layer.values.materialize() for stage in stages]
    radix = 1 << len(stages)
    groups = 1 if all(array.shape[0] == 1 for array in arrays) else features // (radix * stride)
    ids = 1 if all(array.shape[3] == 1 for array in arrays) else stride
    parts = []
    for stage, array in zip(stages, arrays, strict=True):
        low = stage.stride // stride
        high = radix // (2 * low)
        blocks = array.reshape(
            *((-1, high) if array.shape[0] > 1 else (1, 1)),
            *array.shape[1:3],
            *((low, stride) if array.shape[3] > 1 else (1, 1)),
        )
        blocks = np.broadcast_to(blocks, (groups, high, 2, 2, low, ids))
        parts.append(blocks.transpose(0, 1, 4, 2, 3, 5).reshape(groups, 2 * radix, ids))
    return np.concatenate(parts, axis=1)


def _joining_lanes(stages: Sequence[Stage], radix: int, lanes: int, features: int) -> Array:
    """Return, for each number, the weight of itself and of its partner: axes (g, number, lane)."""
    arrays = [stage.layer.values.materialize() for stage in stages]
    rows = radix if all(array.shape[0] == 1 for array in arrays) else features // lanes
    parts = []
    for stage, array in zip(stages, arrays, strict=True):
        stride = stage.stride
        blocks = np.broadcast_to(array, (array.shape[0], 2, 2, stride))  # tied ones in full
        own, partner = blocks[:, [0, 1], [0, 1]], blocks[:, [0, 1], [1, 0]]
        both = np.stack([own, partner])  # which, a, high or low, id
        both = np.broadcast_to(both, (2, rows * lanes // (2 * stride), 2, stride))
        both = both.reshape(2, rows // radix, radix, lanes)
        parts.append(both.transpose(1, 2, 0, 3).reshape(rows // radix, 2 * radix, lanes))
    return np.concatenate(parts, axis=1)


def _both(first: Array, second: Array) -> Array:
    """Put weights that a pass reads one after the other beside each other."""
    groups, ids = max(first.shape[0], second.shape[0]), max(first.shape[2], second.shape[2])
    parts = [np.broadcast_to(part, (groups, part.shape[1], ids)) for part in (first, second)]
    return np.concatenate(parts, axis=1)


def _arranged(blocks: Array, lanes: int, dtype: np.dtype[Any]) -> Array:
    """Return scalars as the kernel reads them: (g, q, scalars of a unit).

    Lanes run fastest, then the parts of a complex number.
    """
    groups, numbers, ids = blocks.shape
    if lanes > 1:
        ids = max(ids, lanes)
        blocks = np.broadcast_to(blocks, (groups, numbers, ids))
    parts = 2 if dtype.kind == "c" else 1
    shape = (groups, ids // lanes, numbers, parts, lanes)
    real = dtype.type(0).real.dtype
    scalars = aligned_empty((1, math.prod(shape)), real, fortran=False).reshape(shape)
    split = blocks.reshape(groups, numbers, ids // lanes, lanes).transpose(0, 2, 1, 3)
    scalars[..., 0, :] = split.real
    if dtype.kind == "c":
        scalars[..., 1, :] = split.imag
    return scalars.reshape(groups, ids // lanes, math.prod(scalars.shape[2:]))
