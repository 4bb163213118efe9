"""Passes over Kronecker-sparse layers: runs of small blocks fused, other factors alone or in pairs.

Diagonals, permutations and biases around them are folded into these passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cheapfast.layers import KroneckerSparse, Permutation, Sparse
from cheapfast.plan.frame import lights_from
from cheapfast.plan.magnitudes import can_multiply
from cheapfast.plan.passes.factor import FactorPass
from cheapfast.plan.passes.full import is_full
from cheapfast.plan.passes.fused import FusedRun
from cheapfast.plan.passes.hadamard import HadamardRun, hadamard_run
from cheapfast.plan.passes.pair import PairPass, can_pair
from cheapfast.plan.passes.reorder import ReorderPass
from cheapfast.plan.passes.transposed import plan_transposed
from cheapfast.plan.runs.stages import Stage, run_from

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
    found = _found_at(layers, shapes, position)
    if isinstance(found, FactorPass):
        other = _found_at(layers, shapes, position + found.count)
        if isinstance(other, FactorPass) and can_pair(found, other):
            return PairPass(found, other).as_pass(position)
    if found is not None:
        return found.as_pass(position)
    before = layers[position : lights_from(layers, position)]
    if not before or (
        isinstance(before[0], Sparse) and not _stands_alone(layers, before, position)
    ):
        return None
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


def _found_at(
    layers: Sequence[Layer], shapes: Sequence[Shape], position: int
) -> HadamardRun | FusedRun | FactorPass | None:
    """Return who applies the run or the factor behind the light layers at a position, if any."""
    start = lights_from(layers, position)
    before = layers[position:start]
    core = _core_at(layers, shapes, start)
    if core is None or not _goes_with(before, core):
        return None
    return _core_pass(layers, before, core)


def _stands_alone(layers: Sequence[Layer], lights: Sequence[Layer], position: int) -> bool:
    """Say whether no sparse layer follows that a diagonal matrix would go with."""
    after = next(iter(layers[position + len(lights) :]), None)
    return type(after) is not Sparse or is_full(after)


class _Core(NamedTuple):
    """The layers of a pass, without the light ones around it."""

    stop: int
    layers: Sequence[Layer]
    run: list[Stage]
    sums: list[KroneckerSparse]

    @property
    def is_free(self) -> bool:
        """Whether it is a run of blocks without structure."""
        return len(self.run) > 1 and self.run[0].kind == "blocks"

    @property
    def ends(self) -> tuple[Sequence[Layer], Sequence[Layer]]:
        """The layers whose values diagonals before it, and behind it, are multiplied into."""
        if self.is_free:
            return self.layers[:1], self.layers[-1:]
        return ((), ()) if len(self.layers) > 1 else (self.layers, self.layers)


def _core_at(layers: Sequence[Layer], shapes: Sequence[Shape], start: int) -> _Core | None:
    """Return the run or the factor that starts at a position, None if there is none."""
    layer = layers[start] if start < len(layers) else None
    if not isinstance(layer, KroneckerSparse) or 0 in layer.pattern:
        return None
    if plan_transposed(layers, shapes, start) is not None:
        return None
    run, sums = run_from(layers, start), hadamard_run(layers, start)
    stop = start + max(len(run), len(sums), 1)
    return _Core(stop, layers[start:stop], run, sums)


def _core_pass(
    layers: Sequence[Layer], before: Sequence[Layer], core: _Core
) -> HadamardRun | FusedRun | FactorPass:
    """Choose who applies a run or a factor, and which of the light layers behind it."""
    run, sums = core.run, core.sums
    first, last = core.ends
    beside = [*before, *last] if first is last else last
    end = lights_from(layers, core.stop, real=_is_real(core.layers), beside=beside)
    if not core.is_free and end > core.stop and _leads_to_blocks(layers, core.stop):
        end = core.stop  # free weights take them in at no cost
    after = layers[core.stop : end]
    if len(sums) > 1 and len(sums) >= len(run):
        return HadamardRun(sums, before, after)
    if len(run) > 1:
        return FusedRun(run, before, after)
    (layer,) = core.layers
    assert isinstance(layer, KroneckerSparse)
    return FactorPass(layer, before, after)


def _goes_with(before: Sequence[Layer], core: _Core) -> bool:
    """Say whether the light layers before a run or a factor may be part of its pass."""
    if _is_real(core.layers) and not _is_real(before):
        return False
    first, _ = core.ends
    return all(isinstance(one, Permutation) for one in before) or can_multiply([*before, *first])


def _leads_to_blocks(layers: Sequence[Layer], position: int) -> bool:
    """Say whether a run of free weights begins behind the light layers at a position."""
    run = run_from(layers, lights_from(layers, position))
    return len(run) > 1 and run[0].kind == "blocks"


def _is_real(layers: Sequence[Layer]) -> bool:
    return all(layer.dtype.kind != "c" for layer in layers)
