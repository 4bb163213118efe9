"""Runs of Kronecker-sparse layers with small square blocks: which there are, and how to cut them.

A *stage* is such a layer; a *run* is a stretch of them in which the stride of one is the product of
stride and radix of the one before it (rising), or the other way round (falling). A run does not mix
features of different outer and inner index, so it splits into *phases* of tiles that fit in the
cache, and a phase into *passes* that fit in registers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import FourierValues, KroneckerSparse
from cheapfast.layers.values import ArrayValues, Values

if TYPE_CHECKING:
    from cheapfast.layers import Layer

# The kernel has Fourier transforms of these prime lengths written out.
_FOURIER_PRIMES = (2, 3, 5, 7)
# Stages of radix 2 fill a pass up to this many rows.
_LARGEST_POWER = 8
# Values that differ from a Fourier transform's by less are one.
_ULPS = 4


@dataclass(frozen=True)
class Stage:
    """One layer of a run.

    Parameters
    ----------
    layer : KroneckerSparse
        With the pattern (n / (radix * stride), radix, radix, stride).
    kind : str
        ``fourier``, ``sums`` or ``blocks``: what the kernel may know about the values.
    """

    layer: KroneckerSparse
    kind: str

    @property
    def radix(self) -> int:
        """Size of the blocks."""
        return self.layer.pattern[1]

    @property
    def stride(self) -> int:
        """Distance of the features that a block joins."""
        return self.layer.pattern[3]


def stage_of(layer: Layer) -> Stage | None:
    """Return a layer as a stage, if the fused kernel knows its blocks.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    Stage or None
        None for every other layer.
    """
    if not isinstance(layer, KroneckerSparse):
        return None
    _, b, c, d = layer.pattern
    if b != c or 0 in layer.pattern:
        return None
    values = layer.values
    if b in _FOURIER_PRIMES and _is_forward(values, b, d):
        return Stage(layer, "fourier")
    if b != 2:
        return None
    return Stage(layer, "sums" if is_sums(values) else "blocks")


def run_from(layers: Sequence[Layer], position: int) -> list[Stage]:
    """Return the longest run that starts at a position.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    list of Stage
        Empty if there is none. All of one kind, and of one direction; a bias ends it.
    """
    run: list[Stage] = []
    rising: bool | None = None
    for layer in layers[position:]:
        stage = stage_of(layer)
        if stage is None or (run and stage.kind != run[-1].kind):
            break
        if run:
            follows = stage.stride == run[-1].stride * run[-1].radix
            precedes = run[-1].stride == stage.stride * stage.radix
            if not (follows and rising is not False) and not (precedes and rising is not True):
                break
            if stage.kind == "fourier" and not follows:
                break
            rising = follows if rising is None else rising
        run.append(stage)
        if layer.bias is not None:
            break
    return run


def is_falling(run: Sequence[Stage]) -> bool:
    """Return whether the stride decreases along a run.

    Parameters
    ----------
    run : sequence of Stage

    Returns
    -------
    bool
    """
    return len(run) > 1 and run[1].stride < run[0].stride


def phases_of(radices: Sequence[int], rows: int, least: int) -> list[int]:
    """Cut a run into phases of nearly equal size.

    Parameters
    ----------
    radices : sequence of int
        Of the stages, in the order in which they run.
    rows : int
        Most rows of a tile.
    least : int
        Fewest phases, if there are as many stages.

    Returns
    -------
    list of int
        How many stages each phase takes.
    """
    logs = np.cumsum([0.0, *(math.log2(radix) for radix in radices)])
    count = len(radices)
    for phases in range(min(least, count), count + 1):
        ends = [0]
        for phase in range(1, phases):
            ideal = logs[-1] * phase / phases
            low, high = ends[-1] + 1, count - (phases - phase)
            ends.append(min(range(low, high + 1), key=lambda end: abs(logs[end] - ideal)))
        ends.append(count)
        sizes = [end - start for start, end in pairwise(ends)]
        largest = max(logs[end] - logs[start] for start, end in pairwise(ends))
        if largest <= math.log2(rows) + 1e-9 or phases == count:
            return sizes
    return [count]


def passes_of(radices: Sequence[int], largest: int = _LARGEST_POWER) -> list[int]:
    """Cut a phase into passes: neighbouring stages of radix 2 go together.

    Parameters
    ----------
    radices : sequence of int
    largest : int, optional
        Most rows of a pass of stages of radix 2.

    Returns
    -------
    list of int
        How many stages each pass takes.
    """
    passes: list[int] = []
    position = 0
    while position < len(radices):
        if radices[position] != 2:
            passes.append(1)
            position += 1
            continue
        twos = 0
        while position + twos < len(radices) and radices[position + twos] == 2:
            twos += 1
        most = largest.bit_length() - 1
        count = -(-twos // most)
        passes += [twos // count + (i < twos % count) for i in range(count)]
        position += twos
    return passes


def _is_forward(values: Values, radix: int, stride: int) -> bool:
    """Say whether values are those of decimation in time, forward, with their own stride.

    Arrays are recognised within a few units in the last place; the formula then replaces them.
    """
    if isinstance(values, FourierValues):
        return values.sign == -1 and not values.swapped and values.stride == stride
    if not isinstance(values, ArrayValues) or values.shape != (1, radix, radix, stride):
        return False
    if values.dtype.kind != "c":
        return False
    array, allowed = values.materialize(), _ULPS * np.finfo(values.dtype).eps
    # One entry tells nearly all other arrays apart before the formula is worked out.
    if not abs(array[0, 1, 1, 0] - np.exp(-2j * np.pi / radix)) <= allowed:
        return False
    formula = FourierValues(radix, stride, dtype=values.dtype).materialize()
    return bool(np.all(np.abs(array - formula) <= allowed))


def is_sums(values: Values) -> bool:
    """Say whether all blocks are (1, 1; 1, -1), written once or over and over.

    Parameters
    ----------
    values : Values

    Returns
    -------
    bool
    """
    if not isinstance(values, ArrayValues) or values.shape[1:3] != (2, 2):
        return False
    array, block = values.materialize(), np.array([[1, 1], [1, -1]])
    if not np.array_equal(array[0, :, :, 0], block):
        return False
    return bool(np.all(array == block[:, :, np.newaxis]))


def scaled(
    run: Sequence[Stage], before: npt.NDArray[Any] | None, after: npt.NDArray[Any] | None
) -> list[Stage]:
    """Multiply diagonals into the first and the last layer of a run.

    Parameters
    ----------
    run : sequence of Stage
        Of kind ``blocks``, and of more than one layer.
    before, after : ndarray or None
        A number for each feature.

    Returns
    -------
    list of Stage
        Without biases.
    """
    first, *others = run
    *others, last = others
    if before is not None:
        a, _, c, d = first.layer.pattern
        first = _with_values(first, first.layer.values.materialize() * before.reshape(a, 1, c, d))
    if after is not None:
        a, b, _, d = last.layer.pattern
        last = _with_values(last, last.layer.values.materialize() * after.reshape(a, b, 1, d))
    return [first, *others, last]


def _with_values(stage: Stage, values: npt.NDArray[Any]) -> Stage:
    return Stage(KroneckerSparse(stage.layer.pattern, ArrayValues(values)), stage.kind)
