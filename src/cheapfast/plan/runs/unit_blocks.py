"""Half the weights of a run of 2 x 2 blocks: each layer's diagonal, moved into the next one.

A layer diag(t) U diag(1 / s), where s are the scales of its inputs and t = s times the diagonal of
its blocks, has blocks (1, p; q, 1) in U. Those of a whole run have n log2(n) weights where the
layers have 2 n log2(n), take one multiply-add an output where the layers take two operations, and
need one multiplication by the last t in the end. What is divided by s and multiplied by it later
has the same relative errors: the bound for the layers, gamma |A_L| ... |A_1| |x| entry by entry,
is untouched by diagonal scaling (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
sections 3.5 and 9.8).

Only the range of the type is at stake. Overflow reaches the result as infinity or NaN, and scales
are at most 2^16 (2^100 in double precision), so that what underflows is tiny; a result with a
vector that is not finite, or tiny throughout though its operand is not zero, is computed again from
the layers as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from cheapfast.plan.runs.stages import Stage

Array = npt.NDArray[Any]

_SAMPLE = 256  # weights that nearly always tell that there are long ones


@dataclass(frozen=True)
class Range:
    """What scales and results may be like.

    Parameters
    ----------
    least_scale, most_scale : float
        Bounds of the magnitudes of scales.
    least_weight : float
        Smaller weights that are not zero would have lost digits.
    least_result : float
        If no entry of a vector of a result is as large, it may have lost digits.
    """

    least_scale: float
    most_scale: float
    least_weight: float
    least_result: float


_RANGES = {
    np.dtype(np.float32): Range(2.0**-80, 2.0**16, 2.0**-100, 2.0**-60),
    np.dtype(np.float64): Range(2.0**-600, 2.0**100, 2.0**-900, 2.0**-600),
}


@dataclass(frozen=True)
class UnitPass:
    """Layers that are applied together.

    Parameters
    ----------
    blocks : sequence of ndarray
        Of each layer p and q, axes (a, row, 1, id).
    scale : ndarray or None
        What each output is multiplied by in the end.
    bias : ndarray or None
        What is then added.
    """

    blocks: Sequence[Array]
    scale: Array | None = None
    bias: Array | None = None


def range_of(dtype: np.dtype[Any]) -> Range:
    """Return what is allowed in a type.

    Parameters
    ----------
    dtype : numpy.dtype

    Returns
    -------
    Range
    """
    return _RANGES[dtype.type(0).real.dtype]


def unit_passes(passes: Sequence[Sequence[Stage]], dtype: np.dtype[Any]) -> list[UnitPass] | None:
    """Move the diagonals of the layers of a run into the layers after them.

    Parameters
    ----------
    passes : sequence of sequence of Stage
        Of 2 x 2 blocks; in the order in which they run.
    dtype : numpy.dtype
        That they are applied in.

    Returns
    -------
    list of UnitPass or None
        None where that would not be right or not be worth it: weights that are tied, or zero on a
        diagonal, scales out of range; and weights so short that products with them may be exact.
    """
    stages = [stage for taken in passes for stage in taken]
    if any(map(_is_tied, stages)) or all(map(_is_short, stages)):
        return None
    features = stages[0].layer.shape[0]
    ones = np.ones(features, np.result_type(dtype, np.float64))
    made: list[UnitPass] = []
    scale = ones
    for taken in passes:
        step = _divided(taken, scale, dtype)
        if step is None and made:  # with what is left of the range of the scales
            made[-1] = replace(made[-1], scale=scale.astype(dtype))
            step = _divided(taken, ones, dtype)
        if step is None:
            return None
        blocks, scale = step
        made.append(UnitPass(blocks))
    made[-1] = replace(made[-1], scale=scale.astype(dtype))
    return made


def _divided(
    stages: Sequence[Stage], scale: Array, dtype: np.dtype[Any]
) -> tuple[list[Array], Array] | None:
    """Return p and q of each layer, and the last scales; None if a number is out of range."""
    allowed = range_of(dtype)
    made = []
    for stage in stages:
        values = stage.layer.values.materialize().astype(scale.dtype, copy=False)
        inputs = scale.reshape(-1, 2, stage.stride)
        with np.errstate(all="ignore"):
            diagonal = values[:, [0, 1], [0, 1]] * inputs
            weights = values[:, [0, 1], [1, 0]] * inputs[:, ::-1] / diagonal
            sizes = np.abs(weights)
            is_lost = (sizes < allowed.least_weight) & (sizes > 0)
            scales = np.abs(diagonal)
            is_right = allowed.least_scale <= scales.min() and scales.max() <= allowed.most_scale
            narrow = weights.astype(dtype)
        if not is_right or is_lost.any() or not np.isfinite(narrow).all():
            return None
        made.append(narrow[:, :, np.newaxis])
        scale = diagonal.reshape(-1)
    return made, scale


def _is_tied(stage: Stage) -> bool:
    return stage.layer.values.shape != stage.layer.pattern


def _is_short(stage: Stage) -> bool:
    """Say whether all weights have at most half the digits of their type."""
    values = stage.layer.values.materialize().reshape(-1)
    values = values.view(values.real.dtype)
    half = 2.0 ** ((np.finfo(values.dtype).nmant + 1) // 2)
    for part in (values[:_SAMPLE], values):
        digits = np.frexp(part)[0] * half
        if not np.array_equal(digits, np.rint(digits)):
            return False
    return True
