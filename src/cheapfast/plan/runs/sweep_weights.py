"""Weights of 2 x 2 blocks in the order in which sweeps over the rows read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.plan.placing import aligned_empty
from cheapfast.plan.runs.stages import Stage

Array = npt.NDArray[Any]


def whole_blocks(stage: Stage) -> Array:
    """Return the values of a layer; what is tied within its blocks is written out.

    Parameters
    ----------
    stage : Stage

    Returns
    -------
    ndarray, (a or 1, 2, 2, d or 1)
    """
    values = stage.layer.values.materialize()
    return np.broadcast_to(values, (values.shape[0], 2, 2, values.shape[3]))


def joining_rows(
    stages: Sequence[Stage], arrays: Sequence[Array], stride: int, features: int
) -> Array:
    """Return the weights of layers that join rows: a block's, stage after stage.

    Parameters
    ----------
    stages : sequence of Stage
    arrays : sequence of ndarray, (a or 1, 2, columns, d or 1)
        The blocks of each; one column where they are unit blocks.
    stride : int
        Features between the rows of a pass.
    features : int

    Returns
    -------
    ndarray, axes (g, number, id)
        g counts the groups of radix * stride features, id runs below the stride; both may be 1
        where the weights are tied.
    """
    radix = 1 << len(stages)
    groups = 1 if all(array.shape[0] == 1 for array in arrays) else features // (radix * stride)
    ids = 1 if all(array.shape[3] == 1 for array in arrays) else stride
    parts = []
    for stage, array in zip(stages, arrays, strict=True):
        low = stage.stride // stride
        high = radix // (2 * low)
        rows, columns = array.shape[1:3]
        blocks = array.reshape(
            *((-1, high) if array.shape[0] > 1 else (1, 1)),
            rows,
            columns,
            *((low, stride) if array.shape[3] > 1 else (1, 1)),
        )
        blocks = np.broadcast_to(blocks, (groups, high, rows, columns, low, ids))
        parts.append(blocks.transpose(0, 1, 4, 2, 3, 5).reshape(groups, columns * radix, ids))
    return np.concatenate(parts, axis=1)


def joining_lanes(
    stages: Sequence[Stage], arrays: Sequence[Array], radix: int, lanes: int
) -> Array:
    """Return the weights of layers that join lanes: of each number itself and of its partner.

    Parameters
    ----------
    stages : sequence of Stage
    arrays : sequence of ndarray
        See `joining_rows`; of unit blocks, only the partner's weight.
    radix : int
        Rows of a pass.
    lanes : int

    Returns
    -------
    ndarray, axes (g, number, lane)
    """
    features = stages[0].layer.shape[0]
    rows = radix if all(array.shape[0] == 1 for array in arrays) else features // lanes
    parts = []
    for stage, array in zip(stages, arrays, strict=True):
        stride = stage.stride
        blocks = np.broadcast_to(array, (*array.shape[:3], stride))  # tied ones in full
        if blocks.shape[2] == 1:
            both = blocks[np.newaxis, :, :, 0]
        else:
            own, partner = blocks[:, [0, 1], [0, 1]], blocks[:, [0, 1], [1, 0]]
            both = np.stack([own, partner])  # which, a, high or low, id
        count = both.shape[0]
        both = np.broadcast_to(both, (count, rows * lanes // (2 * stride), 2, stride))
        both = both.reshape(count, rows // radix, radix, lanes)
        parts.append(both.transpose(1, 2, 0, 3).reshape(rows // radix, count * radix, lanes))
    return np.concatenate(parts, axis=1)


def arranged(parts: Sequence[Array], lanes: int, dtype: np.dtype[Any]) -> Array:
    """Return the scalars of a pass as the kernel reads them.

    Parameters
    ----------
    parts : sequence of ndarray, axes (g, number, id)
        What is read one after the other.
    lanes : int
    dtype : numpy.dtype

    Returns
    -------
    ndarray, axes (g, q, scalars of a unit)
        Lanes run fastest, then the parts of a complex number.
    """
    blocks = _beside(parts)
    groups, numbers, ids = blocks.shape
    if lanes > 1:
        ids = max(ids, lanes)
        blocks = np.broadcast_to(blocks, (groups, numbers, ids))
    scalars_of_one = 2 if dtype.kind == "c" else 1
    shape = (groups, ids // lanes, numbers, scalars_of_one, lanes)
    real = dtype.type(0).real.dtype
    scalars = aligned_empty((1, math.prod(shape)), real, fortran=False).reshape(shape)
    split = blocks.reshape(groups, numbers, ids // lanes, lanes).transpose(0, 2, 1, 3)
    scalars[..., 0, :] = split.real
    if dtype.kind == "c":
        scalars[..., 1, :] = split.imag
    return scalars.reshape(groups, ids // lanes, math.prod(scalars.shape[2:]))


def _beside(parts: Sequence[Array]) -> Array:
    """Put weights that a pass reads one after the other beside each other."""
    groups, ids = max(part.shape[0] for part in parts), max(part.shape[2] for part in parts)
    return np.concatenate(
        [np.broadcast_to(part, (groups, part.shape[1], ids)) for part in parts], axis=1
    )
