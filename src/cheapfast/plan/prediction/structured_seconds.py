"""How long structured passes take: fused runs, transforms, factors, permutations, activations.

Their kernels compute in registers, from data that goes through a near cache. A byte of a vector
takes a rate for each binary digit that a run joins, whatever the type: a register holds twice as
many single numbers as double ones, and what is done to it takes the same. What comes on top is the
memory beyond the near caches, for each time that the data goes through, and the weights of free
blocks, which come from wherever they were left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cheapfast import _core
from cheapfast.layers import Activation, KroneckerSparse, Permutation
from cheapfast.plan.cost import Cost, weight_bytes
from cheapfast.plan.frame import is_light
from cheapfast.plan.prediction.sparse_seconds import Vectors, as_float, gather_seconds, held

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.prediction.machine import Machine
    from cheapfast.plan.step import Pass

_FUSED = {"fused fourier": "fourier", "fused hadamard": "blocks", "fused butterfly": "blocks"}
_FACTORS = ("kronecker", "kronecker pair")
_MOVING = ("gather", "scale")
_ACTIVATIONS = ("elementwise", "softmax", "maxpool")
_COMPARISONS = ("relu", "maxpool")  # activations that are no more than that
#: Kernels of passes that this is about.
STRUCTURED_PASSES = (*_FUSED, "walsh-hadamard", *_FACTORS, *_MOVING, *_ACTIVATIONS)

# Less work is one thread's: kParallelNumbers of kernels/reorder.cpp and kernels/activation.cpp,
# kParallelBytes of kernels/fused.cpp, kBlockBytes of kernels/hadamard.cpp; and a thread takes so
# many products of factors at a time: kTaskWork of kernels/kronecker.cpp.
_PARALLEL_NUMBERS, _PARALLEL_VALUES = 1 << 17, 1 << 16
_PARALLEL_FUSED_BYTES, _PARALLEL_SUMS_BYTES = 1 << 19, 1 << 20
_TURN_PRODUCTS = 1 << 19
#: Bytes of the longest row for which permutations are measured; others take as often as long.
LONGEST_ROW = 512
# What a tile of a factor takes: columns in registers, rows of a block (kernels/kronecker.cpp).
_TILE_REGISTERS, _TILE_ROWS = 4, 64


def structured_seconds(
    step: Pass,
    layers: Sequence[Layer],
    vectors: Vectors,
    machine: Machine,
    around: float = 0.0,
) -> float:
    """Predict what a structured pass takes, without the fixed part of any pass.

    Parameters
    ----------
    step : Pass
        One of `STRUCTURED_PASSES`.
    layers : sequence of Layer
        That it applies.
    vectors : Vectors
        That it is applied to.
    machine : Machine
    around : float, optional
        Bytes of all weights of the network, which drive each other out of the caches.

    Returns
    -------
    float
        Seconds with ``machine.threads`` threads.
    """
    cost = step.cost(*vectors)
    assert cost is not None
    core = [layer for layer in layers if not is_light(layer)]
    memory = _memory_seconds(step, cost, vectors, machine)
    memory += _moves(step, layers) * permuted_seconds(step.shape[0], vectors, machine)
    start = 0.0
    threads = machine.rate("speedup")
    numbers = step.shape[0] * vectors.columns
    if step.kernel in _MOVING:
        is_scale = step.kernel == "scale"
        work = as_float(numbers * vectors.dtype.itemsize) * machine.rate("relu") * is_scale
        threads = threads if numbers >= _PARALLEL_NUMBERS else 1.0
    elif step.kernel in _FUSED:
        start = machine.rate(f"{_FUSED[step.kernel]} start")
        work = _fused_seconds(step, core, vectors, machine, around)
        size = as_float(numbers * vectors.dtype.itemsize)
        threads = threads if size >= _PARALLEL_FUSED_BYTES else 1.0
    elif step.kernel in _ACTIVATIONS:
        (layer,) = layers
        assert isinstance(layer, Activation)
        numbers = step.shape[1] * vectors.columns
        rate = machine.rate("relu" if layer.name in _COMPARISONS else "activation")
        work = as_float(numbers * vectors.dtype.itemsize) * rate
        threads = threads if numbers >= _PARALLEL_VALUES else 1.0
    elif step.kernel == "walsh-hadamard":
        size = as_float(numbers * vectors.dtype.itemsize)
        work = size * len(core) * machine.rate("sums", size)
        threads = threads if size > _PARALLEL_SUMS_BYTES else 1.0
    else:
        work = sum(_factor_seconds(layer, vectors, machine, around) for layer in core)
        products = sum(layer.synapses for layer in core) * vectors.columns
        threads = _turns(products, machine)
    return start + (work + memory) / max(threads, 1.0)


def fused_work(digits: float, features: int, vectors: Vectors) -> float:
    """Return bytes times binary digits of a fused run, the last register of columns in full.

    Parameters
    ----------
    digits : float
        That the run joins, in all layers.
    features : int
    vectors : Vectors

    Returns
    -------
    float
    """
    columns = vectors.columns if vectors.columns == 1 else _padded(vectors)
    return as_float(features * columns * vectors.dtype.itemsize) * digits


def factor_work(
    pattern: tuple[int, int, int, int], vectors: Vectors, *, tied: bool = False
) -> tuple[float, float]:
    """Return what a Kronecker factor does.

    Parameters
    ----------
    pattern : (int, int, int, int)
    vectors : Vectors
    tied : bool, optional
        Whether all ids have the same blocks, so that they are columns.

    Returns
    -------
    tiles : float
        Sums that are held in registers together.
    bytes : float
        Of operands that are multiplied with a weight: twice those of a complex one.
    """
    a, b, c, d = pattern
    lanes = _core.fused_lanes(vectors.dtype)
    parts = 2 if vectors.dtype.kind == "c" else 1
    if vectors.columns == 1 and not tied:  # a register is filled by ids, or else by rows
        sums = a * b * -(-d // lanes) if d > 1 else a * -(-b // lanes)
        # one product waits for the last: those of both parts wait together
        return as_float(sums), as_float(sums * c * lanes * vectors.dtype.itemsize)
    columns = vectors.columns * (d if tied else 1)
    ids = 1 if tied else d
    padded = -(-columns // lanes) * lanes
    tiles = a * ids * -(-b // _TILE_ROWS) * -(-columns * parts // (_TILE_REGISTERS * lanes))
    size = padded * vectors.dtype.itemsize * parts
    return as_float(tiles), as_float(a * b * c * ids * size)


def permuted_seconds(features: int, vectors: Vectors, machine: Machine) -> float:
    """Predict what moving features about takes.

    Parameters
    ----------
    features : int
    vectors : Vectors
    machine : Machine

    Returns
    -------
    float
        Seconds of one thread, without what comes from memory in order.
    """
    if vectors.columns == 1:
        each = machine.rate("permute one")
    else:
        each = machine.rate("permute", vectors.row_bytes)
        each *= max(vectors.row_bytes / LONGEST_ROW, 1.0)
    moved = as_float(features * vectors.row_bytes)
    each += gather_seconds(vectors.row_bytes, held(moved, moved), machine)
    return as_float(features) * each


def registers(vectors: Vectors) -> float:
    """Return how many registers a row of columns fills, both parts of complex numbers counted.

    Parameters
    ----------
    vectors : Vectors

    Returns
    -------
    float
    """
    parts = 2 if vectors.dtype.kind == "c" else 1
    return as_float(parts * _padded(vectors) // _core.fused_lanes(vectors.dtype))


def _fused_seconds(
    step: Pass, core: Sequence[Layer], vectors: Vectors, machine: Machine, around: float
) -> float:
    kind, itemsize = _FUSED[step.kernel], vectors.dtype.itemsize
    digits = sum(math.log2(one.pattern[1]) for one in core if isinstance(one, KroneckerSparse))
    if vectors.columns == 1 or _is_few(vectors):
        work = fused_work(digits, step.shape[0], Vectors(1, vectors.dtype))
        seconds = work * vectors.columns * machine.rate(f"{kind} one")
    else:
        is_complex = kind == "blocks" and vectors.dtype.kind == "c"
        name = "blocks complex" if is_complex else kind
        work = fused_work(digits, step.shape[0], vectors)
        seconds = work * machine.rate(name, registers(vectors))
    if vectors.columns > 1 and vectors.columns % _core.fused_lanes(vectors.dtype):
        copied = as_float(step.shape[0] * _padded(vectors) * itemsize)
        seconds += copied * machine.rate("detour")
    if kind == "blocks":  # one weight a number and layer: see cheapfast.plan.runs.unit_blocks
        weights = as_float(step.shape[0] * itemsize) * digits
        seconds = max(seconds, weights * machine.rate("read", weights + around))
    return seconds


def _factor_seconds(layer: Layer, vectors: Vectors, machine: Machine, around: float) -> float:
    assert isinstance(layer, KroneckerSparse)
    tied = layer.values.shape[3] == 1 and layer.pattern[3] > 1
    seconds = _products_seconds(layer.pattern, vectors, machine, tied=tied)
    few = vectors.columns % _core.fused_lanes(vectors.dtype)
    if vectors.columns > 1 and few and not tied:  # which the kernel may take one by one
        one, full = Vectors(1, vectors.dtype), Vectors(vectors.columns - few, vectors.dtype)
        apart = few * _products_seconds(layer.pattern, one, machine)
        apart += _products_seconds(layer.pattern, full, machine) if full.columns else 0.0
        seconds = min(seconds, apart)
    weights = as_float(weight_bytes(layer))
    return max(seconds, weights * machine.rate("read", weights + around))


def block_seconds(shape: tuple[int, int], vectors: Vectors, machine: Machine) -> float:
    """Predict what a dense matrix takes, without the fixed part of any pass.

    Parameters
    ----------
    shape : (int, int)
    vectors : Vectors
    machine : Machine

    Returns
    -------
    float
        Seconds with ``machine.threads`` threads.
    """
    pattern = (1, *shape, 1)
    seconds = _products_seconds(pattern, vectors, machine)
    weights = as_float(shape[0] * shape[1] * vectors.dtype.itemsize)
    seconds = max(seconds, weights * machine.rate("read", weights))
    return seconds / _turns(shape[0] * shape[1] * vectors.columns, machine)


def _turns(products: int, machine: Machine) -> float:
    """Return how many times faster the threads are that find so many products to make."""
    turns = as_float(-(-products // _TURN_PRODUCTS))
    return max(min(machine.rate("speedup"), turns), 1.0)


def _products_seconds(
    pattern: tuple[int, int, int, int], vectors: Vectors, machine: Machine, *, tied: bool = False
) -> float:
    tiles, work = factor_work(pattern, vectors, tied=tied)
    if vectors.columns == 1 and not tied:
        return tiles * machine.rate("tile one") + work * machine.rate("factor one")
    return tiles * machine.rate("tile") + work * machine.rate("factor", registers(vectors))


def _memory_seconds(step: Pass, cost: Cost, vectors: Vectors, machine: Machine) -> float:
    """Predict what it costs that vectors are in no near cache."""
    result = as_float(step.shape[0] * vectors.row_bytes)
    both = as_float(step.shape[1] * vectors.row_bytes) + result
    # later trips go through the result alone, whose pages are there by then
    later = max(as_float(cost.bytes) - both, 0.0)
    again = min(machine.rate(name, result) for name in ("move", "read"))
    return both * machine.rate("move", both) + later * again


def _moves(step: Pass, layers: Sequence[Layer]) -> int:
    """Count the permutations of a pass that are done by themselves, and not by addresses."""
    if step.kernel == "gather":
        return 1  # of all its layers
    if step.kernel == "fused fourier":
        return 0  # digits are reversed by the addresses of tiles
    return sum(isinstance(layer, Permutation) for layer in layers)


def _is_few(vectors: Vectors) -> bool:
    """Say whether fused kernels take columns one by one."""
    if vectors.columns > _core.fused_lanes(vectors.dtype):
        return False
    return _core.operand_shape(vectors.dtype, True, vectors.columns) == _core.FEW_COLUMNS


def _padded(vectors: Vectors) -> int:
    lanes = _core.fused_lanes(vectors.dtype)
    return -(-vectors.columns // lanes) * lanes
