"""Passes over Kronecker-sparse layers: runs of small blocks fused, every other factor by itself.

Diagonals, permutations and biases around them are folded into these passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cheapfast.layers import KroneckerSparse, Permutation
from cheapfast.plan.factor import FactorPass
from cheapfast.plan.frame import lights_from
from cheapfast.plan.fused import FusedRun
from cheapfast.plan.hadamard import HadamardRun, hadamard_run
from cheapfast.plan.reorder import ReorderPass
from cheapfast.plan.stages import run_from
from cheapfast.plan.transposed import plan_transposed

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape
    from cheapfast.plan.step import Pass


def plan_kronecker(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a run of small blocks or one factor, with the light layers around it; or these alone.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass or None
        None if none of them starts here.
    """
    start = lights_from(layers, position)
    before = layers[position:start]
    stop = _core_end(layers, shapes, start)
    core = layers[start:stop]
    if core and not (_is_real(core) and not _is_real(before)):
        return _core_pass(layers, before, start, stop).as_pass(position)
    if not before or not isinstance(before[0], (KroneckerSparse, Permutation)):
        return None  # a diagonal matrix goes with other sparse layers
    if len(before) == 1 and isinstance(before[0], KroneckerSparse):
        return FactorPass(before[0]).as_pass(position)
    return ReorderPass(before).as_pass(position)


def leads_to_run(layers: Sequence[Layer], position: int) -> bool:
    """Say whether a run begins behind light layers that start at a position.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    bool
    """
    return len(run_from(layers, lights_from(layers, position))) > 1


def _core_end(layers: Sequence[Layer], shapes: Sequence[Shape], start: int) -> int:
    """Return where the run or the factor ends that starts at a position: there if there is none."""
    if start == len(layers):
        return start
    layer = layers[start]
    if not isinstance(layer, KroneckerSparse) or 0 in layer.pattern:
        return start
    if plan_transposed(layers, shapes, start) is not None:
        return start
    return start + max(len(run_from(layers, start)), len(hadamard_run(layers, start)), 1)


def _core_pass(
    layers: Sequence[Layer], before: Sequence[Layer], start: int, stop: int
) -> HadamardRun | FusedRun | FactorPass:
    """Choose who applies the layers from `start` to `stop` - 1, and what follows them."""
    run, sums = run_from(layers, start), hadamard_run(layers, start)
    is_free = len(run) > 1 and run[0].kind == "blocks"
    end = lights_from(layers, stop, real=_is_real(layers[start:stop]))
    if not is_free and _leads_to_blocks(layers, stop):
        end = stop  # free weights take them in at no cost
    after = layers[stop:end]
    if len(sums) > 1 and len(sums) >= len(run):
        return HadamardRun(sums, before, after)
    if len(run) > 1:
        return FusedRun(run, before, after)
    layer = layers[start]
    assert isinstance(layer, KroneckerSparse)
    return FactorPass(layer, before, after)


def _leads_to_blocks(layers: Sequence[Layer], position: int) -> bool:
    """Say whether a run of free weights begins behind the light layers at a position."""
    run = run_from(layers, lights_from(layers, position))
    return len(run) > 1 and run[0].kind == "blocks"


def _is_real(layers: Sequence[Layer]) -> bool:
    return all(layer.dtype.kind != "c" for layer in layers)
