"""Weights of a run, written down in the order in which the fused kernel reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.plan.runs.phases import Packing, Phase, cut_phases
from cheapfast.plan.runs.stages import Stage, is_falling
from cheapfast.plan.runs.twiddles import twiddles

Array = npt.NDArray[Any]

# The kernel's numbers for what a pass does (FusedKind).
_RISING, _FALLING, _SUMS, _FOURIER = range(4)


@dataclass(frozen=True)
class Besides:
    """What the kernel does besides a run, feature by feature of it.

    Parameters
    ----------
    order : ndarray of int64, optional
        Where the run reads each feature.
    in_scale, out_scale, bias : ndarray, optional
        What it is multiplied with when it is read, when it is written, and what is then added.
    """

    order: Array | None = None
    in_scale: Array | None = None
    out_scale: Array | None = None
    bias: Array | None = None


def pack(
    run: Sequence[Stage], besides: Besides, features: int, packing: Packing
) -> _core.PackedRun:
    """Write the weights of a run down.

    Parameters
    ----------
    run : sequence of Stage
    besides : Besides
        With an order that `is_addressing`, or none.
    features : int
    packing : Packing

    Returns
    -------
    PackedRun
        Holds the weights and applies them.
    """
    phases = []
    cut = cut_phases(run, features, packing)
    for number, phase in enumerate(cut):
        passes, is_tied = _pack_passes(phase, packing, falling=is_falling(run))
        out_row, out_base = phase.places()
        in_row, in_base = out_row, out_base
        if number == 0 and besides.order is not None:
            in_row, in_base, out_base = _reordered(phase, besides.order, is_tied=is_tied)
        is_last = number + 1 == len(cut)
        places = out_base[:, np.newaxis], out_row
        numbers = (
            besides.in_scale if number == 0 else None,
            besides.out_scale if is_last else None,
            besides.bias if is_last else None,
        )
        beside = [None if one is None else _by_tile(one[sum(places)], packing) for one in numbers]
        phases.append((in_row, in_base, out_row, out_base, passes, *beside))
    return _core.PackedRun(features, packing.dtype, packing.per_lane, phases)


def is_addressing(order: Array, run: Sequence[Stage], features: int, packing: Packing) -> bool:
    """Say whether a run can read its features in another order, by their addresses alone.

    Parameters
    ----------
    order : ndarray of int64
    run : sequence of Stage
    features : int
    packing : Packing

    Returns
    -------
    bool
        Where lanes belong to neighbouring tiles, these must have their rows at the same distances.
    """
    if not packing.per_lane:
        return True
    return _are_alike(_sources(cut_phases(run, features, packing)[0], order))


def _sources(phase: Phase, order: Array) -> Array:
    """Return where each row of each tile is read, axes (tile, row)."""
    row, base = phase.places()
    return np.asarray(order[base[:, np.newaxis] + row])


def _are_alike(source: Array) -> bool:
    """Say whether all tiles have their rows at the same distances."""
    return bool(np.all(source - source[:, :1] == source[0] - source[0, 0]))


def _by_tile(numbers: Array, packing: Packing) -> Array:
    """Return numbers, axes (tile, row), in the order of the kernel."""
    real = np.ascontiguousarray(numbers).view(packing.dtype.type(0).real.dtype)
    if packing.per_lane:
        tiles, size = real.shape
        real = _over_lanes(real.reshape(tiles, 1, 1, size), packing.lanes)
    return np.asarray(real.reshape(-1))


def _reordered(phase: Phase, order: Array, *, is_tied: bool) -> tuple[Array, Array, Array]:
    """Fold a permutation into the places that the first phase reads."""
    _, out_base = phase.places()
    source = _sources(phase, order)
    if not _are_alike(source):
        return source.reshape(-1), np.zeros(phase.tiles, np.int64), out_base
    in_row, in_base = source[0] - source[0, 0], source[:, 0]
    if is_tied:
        # All tiles have the same weights: take them in the order in which their inputs lie.
        order = np.argsort(in_base, kind="stable")
        in_base, out_base = in_base[order], out_base[order]
    return (
        np.ascontiguousarray(in_row),
        np.ascontiguousarray(in_base),
        np.ascontiguousarray(out_base),
    )


def _pack_passes(
    phase: Phase, packing: Packing, *, falling: bool
) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the passes of a phase as the kernel takes them, and whether tiles share weights."""
    passes, is_tied = [], True
    for stages, radix, step in phase.passes():
        kind = {"fourier": _FOURIER, "sums": _SUMS}.get(
            stages[0].kind, _FALLING if falling else _RISING
        )
        turns = None
        if kind == _FOURIER:
            weights, turns = twiddles(phase.stride, radix, step, packing)
        elif kind == _SUMS:
            weights = np.zeros((1, 1, 1, 1, 0), packing.dtype)
        else:
            weights = _blocks(phase, stages, radix, step, packing)
        is_tied = is_tied and weights.shape[0] * weights.shape[1] == 1
        passes.append((kind, radix, step, *_arranged(weights, phase, packing), turns))
    return passes, is_tied


def _blocks(
    phase: Phase, stages: Sequence[Stage], radix: int, step: int, packing: Packing
) -> Array:
    """Return the 2 x 2 blocks of a pass, axes (o, j, g, q, number)."""
    arrays = [stage.layer.values.materialize() for stage in stages]
    outer = phase.features // (phase.rows * phase.stride)
    groups = phase.rows // (radix * step)
    if all(array.shape[0] == 1 for array in arrays):
        outer = groups = 1
    step_or_1, stride_or_1 = step, phase.stride
    if all(array.shape[3] == 1 for array in arrays):
        step_or_1 = stride_or_1 = 1
    parts = []
    for stage, array in zip(stages, arrays, strict=True):
        low = stage.stride // (step * phase.stride)
        high = radix // (2 * low)
        # a = (o, g, high), d = (low, q, j): rows of a block are q + step * (low + h * (0 or 1) ...)
        split_a = (
            phase.features // (phase.rows * phase.stride),
            phase.rows // (radix * step),
            high,
        )
        split_d = (low, step, phase.stride)
        blocks = array.reshape(
            *(split_a if array.shape[0] > 1 else (1, 1, 1)),
            *array.shape[1:3],
            *(split_d if array.shape[3] > 1 else (1, 1, 1)),
        )
        blocks = np.broadcast_to(
            blocks, (outer, groups, high, 2, 2, low, step_or_1, stride_or_1)
        ).transpose(0, 7, 1, 6, 2, 5, 3, 4)
        parts.append(
            blocks.reshape(outer, stride_or_1, groups, step_or_1, 2 * radix).astype(packing.dtype)
        )
    return np.concatenate(parts, axis=4)


def _arranged(weights: Array, phase: Phase, packing: Packing) -> tuple[Array, int, int, int, int]:
    """Return the scalars in traversal order, the steps from tile, g and q, and the period."""
    outer, inner, groups, steps, _ = weights.shape
    if outer > 1 and inner < phase.stride:
        weights = np.broadcast_to(weights, (outer, phase.stride, *weights.shape[2:]))
    tied_outer = outer == 1 and phase.tiles > phase.stride
    if packing.per_lane and inner > 1 and tied_outer and phase.stride % packing.lanes:
        # registers would straddle the end of a period
        weights = np.broadcast_to(
            weights, (phase.tiles // phase.stride, phase.stride, *weights.shape[2:])
        )
    tiles = weights.shape[0] * weights.shape[1]
    real = np.ascontiguousarray(weights).view(packing.dtype.type(0).real.dtype)
    flat = real.reshape(tiles, groups, steps, real.shape[4])
    lanes = 1
    if packing.per_lane:
        lanes = packing.lanes
        flat = _over_lanes(flat, lanes)
    size = flat.shape[3] * lanes
    return (
        flat.reshape(-1),
        groups * steps * size,
        steps * size if groups > 1 else 0,
        size if steps > 1 else 0,
        flat.shape[0],
    )


def _over_lanes(flat: Array, lanes: int) -> Array:
    """Put the weights of neighbouring tiles beside each other: (blocks, g, q, number, lane)."""
    tiles = flat.shape[0]
    if tiles == 1:
        beside = np.broadcast_to(flat[..., np.newaxis], (*flat.shape, lanes))
    else:
        blocks = -(-tiles // lanes)
        padded = np.zeros((blocks * lanes, *flat.shape[1:]), flat.dtype)
        padded[:tiles] = flat
        beside = padded.reshape(blocks, lanes, *flat.shape[1:]).transpose(0, 2, 3, 4, 1)
    return np.ascontiguousarray(beside)
