"""Fourier transforms turned around: the layers of ``fourier(n).T`` and ``fourier(n).H``.

A whole transform is a symmetric matrix, so the transposed layers do what the layers do; and its
adjoint is its conjugate, ``F.H x = conj(F conj(x))``. Both take the forward transform's kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import FourierValues, KroneckerSparse, Permutation
from cheapfast.plan.fused import FusedRun, reverses_digits
from cheapfast.plan.stages import run_from
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]


def plan_transposed(
    layers: Sequence[Layer], _shapes: Sequence[Shape], position: int
) -> Pass | None:
    """Take all layers of a transposed or adjoint Fourier transform: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    Pass or None
        None if no such transform starts here, or a part of it is missing.
    """
    sign = _sign(layers[position])
    if sign is None:
        return None
    stop = position
    while stop < len(layers) and _sign(layers[stop]) == sign:
        stop += 1
    if stop == len(layers) or not isinstance(layers[stop], Permutation):
        return None
    if layers[stop].bias is not None:
        return None
    taken = layers[position : stop + 1]
    forward = [layer.T if sign < 0 else layer.H for layer in reversed(taken)]
    reorder, run = forward[0], run_from(forward, 1)
    if len(run) != stop - position or not isinstance(reorder, Permutation):
        return None
    if run[0].kind != "fourier" or not reverses_digits(reorder, run):
        return None
    transform = FusedRun(run, [reorder]).as_pass(position)
    return transform if sign < 0 else _conjugate(transform)


def _sign(layer: Layer) -> int | None:
    """Return the sign of a Fourier layer with its inputs and outputs exchanged, None for others."""
    if not isinstance(layer, KroneckerSparse) or layer.bias is not None:
        return None
    values = layer.values
    return values.sign if isinstance(values, FourierValues) and values.swapped else None


def _conjugate(transform: Pass) -> Pass:
    def run(X: Array, threads: int) -> Array:
        Y = transform.run(np.conjugate(X), threads)
        return np.conjugate(Y, out=Y)

    return replace(transform, run=run, into=None, step=None)
