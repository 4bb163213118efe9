"""How long passes and products take, predicted from measured rates of the machine.

A sparse layer applied to vectors that make rows of b bytes takes

    rows * row(b) + nonzeros * entry(b) + misses * gather(b) + weights * stream + vectors * move

where the last three vanish as long as everything stays in a near cache. A structured pass takes its
flops times a measured rate, and the same for memory beyond the cache. Multiplying two sparse matrices
takes pairs * pair + nonzeros * product. Such a model is right within some tens of per cent: enough to
choose, and that is what it is for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cheapfast.layers import Convolution, KroneckerSparse, PassThrough, Permutation, Sparse
from cheapfast.plan.cost import layer_cost
from cheapfast.plan.traffic import Traffic, layer_traffic

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.machine import Machine
    from cheapfast.plan.step import Pass

#: Kernels of passes that apply sparse layers one after another; a neighbour of the kind joins them.
SPARSE_PASSES = ("csr", "csr chain")

_WINDOW = 512  # bytes of an operand's row that the sparse kernel takes at a time
_WORTH_THREADS = 1e-4  # seconds of work below which the kernels stay on one thread
_FUSED = {
    "fused fourier": "fourier",
    "fused hadamard": "sums",
    "walsh-hadamard": "sums",
    "fused butterfly": "blocks",
}
_FEW_WEIGHTS = 64  # of a convolution by shifted copies


class Vectors(NamedTuple):
    """What a network is applied to.

    Parameters
    ----------
    columns : int
        Number of vectors.
    dtype : numpy.dtype
        Their type.
    """

    columns: int
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one feature of all vectors."""
        return self.columns * self.dtype.itemsize


def sparse_seconds(
    traffic: Traffic, vectors: Vectors, weights: np.dtype[Any], machine: Machine, around: float = 0
) -> float:
    """Predict what a sparse layer takes.

    Parameters
    ----------
    traffic : Traffic
        Of its matrix.
    vectors : Vectors
        That it is applied to.
    weights : numpy.dtype
        Of its values.
    machine : Machine
    around : float
        Bytes of the other layers, which have driven this one's weights out of the caches since it
        was last applied.

    Returns
    -------
    float
        Seconds with ``machine.threads`` threads.
    """
    if vectors.columns == 0:
        return 0.0
    bytes_a_row = min(vectors.row_bytes, _WINDOW)
    windows = vectors.row_bytes / bytes_a_row
    arithmetic = 2.0 if weights.kind == "c" else 1.0
    nonzeros = float(traffic.nonzeros)
    seconds = traffic.rows * machine.rate("row", bytes_a_row)
    seconds += nonzeros * machine.rate("entry", bytes_a_row) * arithmetic
    seconds += traffic.rows * traffic.uneven * machine.rate("uneven")
    seconds += _gather_seconds(traffic, bytes_a_row, machine)
    stored = nonzeros * (4 + weights.itemsize) + 4.0 * traffic.rows
    seconds += stored * machine.rate("stream", stored + around)
    moved = float(traffic.rows + traffic.columns) * bytes_a_row
    seconds += traffic.rows * float(bytes_a_row) * machine.rate("move", moved)
    return with_threads(windows * seconds, machine)


def _gather_seconds(traffic: Traffic, bytes_a_row: int, machine: Machine) -> float:
    """Predict what it costs that rows of the operand are not in a near cache."""
    operand = float(traffic.columns) * bytes_a_row
    near = min(traffic.extent * bytes_a_row, operand)
    known = max(traffic.touched - traffic.fresh, 0.0)
    if traffic.fresh < 0.75 * traffic.touched:  # in order: read ahead, line by line
        new = traffic.fresh * bytes_a_row * machine.rate("move", operand)
    else:
        new = traffic.fresh * _gather(bytes_a_row, operand, machine)
    return traffic.rows * (new + known * _gather(bytes_a_row, near, machine))


def _gather(bytes_a_row: int, operand: float, machine: Machine) -> float:
    """Interpolate between the three lengths of a row that were measured."""
    below, above, rates = (8, 64, ("gather8", "gather64"))
    if bytes_a_row > 64:
        below, above, rates = (64, 512, ("gather64", "gather512"))
    share = min(max((bytes_a_row - below) / (above - below), 0.0), 1.0)
    first, last = (machine.rate(name, operand) for name in rates)
    return first + share * (last - first)


def with_threads(seconds: float, machine: Machine) -> float:
    """Return what the threads make of work that one of them does in some seconds.

    Parameters
    ----------
    seconds : float
    machine : Machine

    Returns
    -------
    float
        The same for work so short that the kernels keep it to one thread.
    """
    if seconds < _WORTH_THREADS:
        return seconds
    return max(_WORTH_THREADS, seconds / machine.rate("speedup"))


class Pricer:
    """Predicts what the passes of one network take.

    Parameters
    ----------
    vectors : Vectors
        That the network is applied to.
    machine : Machine
    around : float
        Bytes of all weights of the network.
    """

    def __init__(self, vectors: Vectors, machine: Machine, around: float = 0.0) -> None:
        self.vectors, self.machine, self.around = vectors, machine, around
        # the layer is kept with its seconds, so that no other one can get its id
        self._sparse: dict[int, tuple[Sparse, float]] = {}

    def layer(self, traffic: Traffic, weights: np.dtype[Any]) -> float:
        """Predict what a sparse layer takes within a pass.

        Parameters
        ----------
        traffic : Traffic
        weights : numpy.dtype

        Returns
        -------
        float
        """
        took = sparse_seconds(traffic, self.vectors, weights, self.machine, self.around)
        return took + self.machine.rate("layer")

    def passed(self, step: Pass, layers: Sequence[Layer]) -> list[float] | None:
        """Predict what a pass takes.

        Parameters
        ----------
        step : Pass
        layers : sequence of Layer
            All layers of the plan that the pass is part of.

        Returns
        -------
        list of float or None
            Seconds for each of its layers, which sum to what the pass takes; None if an Operator
            does not say what it does.
        """
        taken = layers[step.start : step.stop]
        if step.kernel in SPARSE_PASSES:
            seconds = [self._in_chain(layer) for layer in taken]
            seconds[0] += self.machine.rate("pass")
            return seconds
        total = _other_seconds(step, taken, self.vectors, self.machine)
        if total is None:
            return None
        total += self.machine.rate("pass")
        return [total / len(taken)] * len(taken)

    def _in_chain(self, layer: Layer) -> float:
        if not isinstance(layer, Sparse):
            return 0.0  # a permutation is folded into the layer before it
        known = self._sparse.get(id(layer))
        if known is None:
            known = self._sparse[id(layer)] = (
                layer,
                self.layer(layer_traffic(layer), layer.dtype),
            )
        return known[1]


def _other_seconds(
    step: Pass, layers: Sequence[Layer], vectors: Vectors, machine: Machine
) -> float | None:
    """Predict a pass that is not sparse, without its fixed part."""
    cost = step.cost(vectors.columns, vectors.dtype)
    if cost is None:
        return None
    moved, flops = float(cost.bytes), float(cost.flops)
    memory = moved * machine.rate("move", moved)
    if step.kernel in _FUSED:
        rate = machine.rate(_FUSED[step.kernel], vectors.columns)
        return with_threads(flops * rate + memory, machine)
    if step.kernel == "kronecker":
        (layer,) = layers
        assert isinstance(layer, KroneckerSparse)
        return with_threads(flops * _factor_rate(layer, vectors, machine) + memory, machine)
    return _numpy_seconds(layers[0], step.shape, vectors, machine) + memory


def _factor_rate(layer: KroneckerSparse, vectors: Vectors, machine: Machine) -> float:
    """Return the seconds a flop: small blocks spend theirs on loads and stores."""
    small, large = (machine.rate(name, vectors.columns) for name in ("factor2", "factor16"))
    block = max(min(layer.pattern[1:3]), 1)
    share = (1 / block - 1 / 16) / (1 / 2 - 1 / 16)
    return max(large + share * (small - large), 0.5 * large)


def _numpy_seconds(
    layer: Layer, shape: tuple[int, int], vectors: Vectors, machine: Machine
) -> float:
    """Predict a layer that is applied by its own `apply`."""
    values = float(max(shape)) * vectors.columns
    if isinstance(layer, PassThrough):
        inner = _numpy_seconds(layer.layer, layer.layer.shape, vectors, machine)
        return inner + 2 * values * vectors.dtype.itemsize * machine.rate("permute", 64)
    if not layer.is_linear:
        return values * machine.rate("elementwise")
    if isinstance(layer, Permutation):
        moved = 2 * values * vectors.dtype.itemsize
        return moved * machine.rate("permute", vectors.columns)
    cost = layer_cost(layer, shape, vectors.columns, vectors.dtype)
    assert cost is not None
    if isinstance(layer, Convolution):
        if np.count_nonzero(layer.kernel) > _FEW_WEIGHTS:
            return values * math.log2(max(shape) + 1) * machine.rate("transform")
        return float(cost.flops) * machine.rate("convolve")
    # a kind of layer that the model does not know, or one that NumPy and SciPy apply
    return float(cost.flops) * machine.rate("entry", 8)


def product_seconds(
    pairs: float, shape: tuple[int, int], nonzeros: float, dtype: np.dtype[Any], machine: Machine
) -> float:
    """Predict what multiplying two sparse matrices takes.

    Parameters
    ----------
    pairs : float
        Pairs of nonzeros that meet.
    shape : (int, int)
        Of the product.
    nonzeros : float
        Of the product.
    dtype : numpy.dtype
        Of the product.
    machine : Machine

    Returns
    -------
    float
        Seconds, counting and filling together.
    """
    sums = float(shape[1]) * dtype.itemsize
    stored = float(nonzeros) * (4 + dtype.itemsize)
    seconds = pairs * (machine.rate("pair") + machine.rate("gather8", sums))
    seconds += nonzeros * machine.rate("product") + stored * machine.rate("move", stored)
    return with_threads(seconds, machine) + machine.rate("pass")
