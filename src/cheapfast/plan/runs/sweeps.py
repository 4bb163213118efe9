"""Runs of 2 x 2 blocks applied in sweeps over the rows: which there are, and how they are cut.

One vector is taken as a matrix with a register a row: layers whose stride is at least a register
join rows, with a weight for each lane, and those of smaller stride join lanes. Many vectors have a
row for each feature, and share its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.plan.frame import Reordering, framed
from cheapfast.plan.runs.stages import Stage, is_falling, passes_of
from cheapfast.plan.runs.sweep_weights import arranged, joining_lanes, joining_rows, whole_blocks
from cheapfast.plan.runs.unit_blocks import UnitPass, range_of, unit_passes

if TYPE_CHECKING:
    from cheapfast.plan.runs.phases import Packing

Array = npt.NDArray[Any]

# The kernel's numbers for what a pass does (FusedKind).
_RISING, _FALLING = range(2)
_NO_LANES = 1 << 30
# Features go through several passes while they are near in blocks of so many bytes, of so many
# vectors or, where nothing lies between the rows, so many bytes of a row (kBlockBytes,
# kSweepColumns and kSweepRowBytes of the kernel).
_BLOCK_BYTES, _COLUMNS, _ROW_BYTES = 1 << 18, 64, 1 << 11
# Rows that do not begin with a cache line go together only where scratch would be larger (kLine and
# kScratchBytes).
_LINE, _SCRATCH_BYTES = 64, 1 << 20


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


def pack_sweeps(
    run: Sequence[Stage], features: int, packing: Packing, bias: Array | None = None
) -> _core.PackedSweeps | _core.Framed:
    """Write the weights of a run down.

    Parameters
    ----------
    run : sequence of Stage
    features : int
    packing : Packing
    bias : ndarray, optional
        Added in the end; by the last pass if it multiplies its rows anyway.

    Returns
    -------
    PackedSweeps or Framed
        Holds the weights and applies them.
    """
    passes = _cut(run, packing)
    units = None
    if not packing.as_given:
        units = unit_passes([one.stages for one in passes], packing.dtype)
    if units is not None:
        units[-1] = replace(units[-1], bias=bias)
    packed = [
        one.packed(features, packing, None if units is None else units[number])
        for number, one in enumerate(passes)
    ]
    least = 0.0 if units is None else range_of(packing.dtype).least_result
    kernel = _core.PackedSweeps(features, packing.dtype, packing.per_lane, packed, least)
    return framed(kernel, Reordering(), Reordering(bias=bias if units is None else None))


def count_trips(run: Sequence[Stage], features: int, packing: Packing, columns: int) -> int:
    """Count how often all rows come from memory and go back: once for passes that share blocks.

    Parameters
    ----------
    run : sequence of Stage
    features : int
    packing : Packing
    columns : int
        Number of vectors, side by side without gaps.

    Returns
    -------
    int
    """
    block = _block_features(_columns_at_once(features, packing, columns), packing)
    trips, is_near = 0, False
    for one in _cut(run, packing):
        fits = one.radix * one.stride <= block
        trips += not (is_near and fits)
        is_near = fits
    return trips


@dataclass(frozen=True)
class _SweepPass:
    """Layers that join registers, and perhaps those that join lanes, done together.

    Parameters
    ----------
    across, within : sequence of Stage
        Both in the order in which they run.
    falling : bool
        Whether those across come first.
    """

    across: Sequence[Stage]
    within: Sequence[Stage]
    falling: bool

    @property
    def stages(self) -> list[Stage]:
        parts = (self.across, self.within) if self.falling else (self.within, self.across)
        return [*parts[0], *parts[1]]

    @property
    def stride(self) -> int:
        return min(stage.stride for stage in self.across)

    @property
    def radix(self) -> int:
        return 1 << len(self.across)

    def packed(self, features: int, packing: Packing, unit: UnitPass | None) -> tuple[Any, ...]:
        """Return the pass as the kernel takes it."""
        if unit is None:
            blocks = [whole_blocks(stage) for stage in self.stages]
        else:
            blocks = list(unit.blocks)
        lanes = packing.lanes if packing.per_lane else 1
        stride, radix = self.stride, self.radix
        start = 0 if self.falling else len(self.within)
        end = start + len(self.across)
        parts = [joining_rows(self.across, blocks[start:end], stride, features)]
        if self.within:
            mixed = joining_lanes(self.within, blocks[:start] + blocks[end:], radix, stride)
            parts.insert(1 if self.falling else 0, mixed)
        if unit is not None:
            ends = (one for one in (unit.scale, unit.bias) if one is not None)
            parts += [one.reshape(-1, radix, stride) for one in ends]
        weights = arranged(parts, lanes, packing.dtype)
        return (
            _FALLING if self.falling else _RISING,
            radix,
            stride // lanes,
            weights,
            weights.shape[1] * weights.shape[2] if weights.shape[0] > 1 else 0,
            weights.shape[2] if weights.shape[1] > 1 else 0,
            min((stage.stride for stage in self.within), default=_NO_LANES),
            unit is not None,
            unit is not None and unit.scale is not None,
            unit is not None and unit.bias is not None,
        )


def _cut(run: Sequence[Stage], packing: Packing) -> list[_SweepPass]:
    """Cut a run into passes; layers that join lanes go with those that join the nearest rows."""
    lanes = packing.lanes if packing.per_lane else 1
    falling = is_falling(run)
    within = [stage for stage in run if stage.stride < lanes]
    across = [stage for stage in run if stage.stride >= lanes]
    far = _far_stages(across, packing)
    closest = _closest_stages(across[far:] if falling else across[: len(across) - far], packing)
    counts = (len(across) - far - closest, far)
    parts = [
        [closest] * (closest > 0),
        *(passes_of([2] * count, _most_rows(packing)) for count in counts),
    ]
    sizes = [size for part in (reversed(parts) if falling else parts) for size in part]
    ends = np.cumsum([0, *sizes]).tolist()
    nearest = len(sizes) - 1 if falling else 0
    return [
        _SweepPass(across[start:end], within if number == nearest else [], falling)
        for number, (start, end) in enumerate(pairwise(ends))
    ]


def _most_rows(packing: Packing) -> int:
    """Return the largest radix of a pass whose rows are a power of two apart."""
    return _core.sweep_radix(packing.dtype, packing.per_lane, 2)


def _closest_stages(stages: Sequence[Stage], packing: Packing) -> int:
    """Count the stages of a pass over rows that follow each other and can be more of them.

    None where that saves no pass.
    """
    strides = [stage.stride for stage in stages]
    if packing.per_lane or min(strides, default=0) != 1:
        return 0
    most = _most_rows(packing).bit_length() - 1
    closest = _core.sweep_radix(packing.dtype, False, 1).bit_length() - 1
    return closest if len(stages) >= closest and (len(stages) - closest) % most == 0 else 0


def _far_stages(stages: Sequence[Stage], packing: Packing) -> int:
    """Count the stages at the far end that are done in full passes over all rows.

    Those that reach beyond a block need full passes; these are filled with stages that would not.
    """
    block = _block_features(_COLUMNS, packing)
    beyond = sum(2 * stage.stride > block for stage in stages)
    most = _most_rows(packing).bit_length() - 1
    return min(-(-beyond // most) * most, len(stages))


def _columns_at_once(features: int, packing: Packing, columns: int) -> int:
    """Return how many of the vectors go through the passes together."""
    lanes, row_bytes = packing.lanes, columns * packing.dtype.itemsize
    in_place = row_bytes % _LINE == 0 or features * row_bytes > _SCRATCH_BYTES
    if columns % lanes == 0 and in_place and row_bytes <= _ROW_BYTES:
        return columns
    return min(-(-columns // lanes) * lanes, _COLUMNS)


def _block_features(columns: int, packing: Packing) -> int:
    """Return how many features are near at a time, of vectors that go through the passes."""
    numbers = 1 if packing.per_lane else max(columns, 1)
    return _BLOCK_BYTES // (numbers * packing.dtype.itemsize)
