"""Fourier transforms turned around: the layers of ``fourier(n).T`` and ``fourier(n).H``.

A whole transform is a symmetric matrix, so the transposed layers do what the layers do; and its
adjoint is the transform backwards, ``(F.H x)[j] = (F x)[-j mod n]``. Both take the forward
transform's kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import FourierValues, KroneckerSparse, Permutation
from cheapfast.plan.passes.fused import FusedRun, reverses_digits
from cheapfast.plan.runs.stages import run_from
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.runs.stages import Stage
    from cheapfast.plan.shapes import Shape
    from cheapfast.plan.step import Steps

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
    if sign < 0:
        return transform
    return _Backwards(run, reorder).as_pass(transform)


def _sign(layer: Layer) -> int | None:
    """Return the sign of a Fourier layer with its inputs and outputs exchanged, None for others."""
    if not isinstance(layer, KroneckerSparse) or layer.bias is not None:
        return None
    values = layer.values
    return values.sign if isinstance(values, FourierValues) and values.swapped else None


class _Backwards:
    """The outputs of a transform in the order 0, n - 1, ..., 1."""

    def __init__(self, run: Sequence[Stage], reorder: Permutation) -> None:
        self._run, self._reorder = run, reorder

    def as_pass(self, transform: Pass) -> Pass:
        """Return the pass of the transform with its outputs turned round."""
        return replace(transform, run=self.run, into=self.into, step=self.step)

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layers; see `Pass`."""
        return self._made.run(X, threads)

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layers to where the result is wanted; see `Pass`."""
        return self._made.into(X, out, threads)

    def step(self, dtype: np.dtype[Any], shape: int) -> Steps | None:
        """Return what a program runs for a type and shape of operand; see `Pass`."""
        return self._made.step(dtype, shape)

    @cached_property
    def _made(self) -> FusedRun:
        # indices written out when first needed; two threads may both do so, with equal results
        n = self._reorder.shape[0]
        return FusedRun(self._run, [self._reorder], [Permutation(-np.arange(n) % n)])
