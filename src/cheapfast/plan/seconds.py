"""How long passes take, predicted from measured rates of the machine.

A structured pass takes its flops times a measured rate, and more for memory beyond the cache;
sparse layers have a model of their own, in `cheapfast.plan.sparse_seconds`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast.layers import Convolution, KroneckerSparse, PassThrough, Permutation, Sparse
from cheapfast.plan.cost import layer_cost
from cheapfast.plan.frame import is_light
from cheapfast.plan.sparse_seconds import Vectors, as_float, sparse_seconds, with_threads
from cheapfast.plan.traffic import Traffic, layer_traffic

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.machine import Machine
    from cheapfast.plan.step import Pass

#: Kernels of passes that apply sparse layers one after another; a neighbour of the kind joins them.
SPARSE_PASSES = ("csr", "csr chain", "csr transposed")
_FUSED = {
    "fused fourier": "fourier",
    "fused hadamard": "sums",
    "walsh-hadamard": "sums",
    "fused butterfly": "blocks",
}
_FACTORS = ("kronecker", "kronecker pair")
_MOVING = ("gather", "scale")
_FEW_WEIGHTS = 64  # of a convolution by shifted copies


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

    def layer(self, traffic: Traffic, weights: np.dtype[Any], *, transposed: bool = False) -> float:
        """Predict what a sparse layer takes within a pass.

        Parameters
        ----------
        traffic : Traffic
            Of the matrix that is stored.
        weights : numpy.dtype
        transposed : bool, optional
            Whether the layer is the transposed of it.

        Returns
        -------
        float
        """
        took = sparse_seconds(
            traffic, self.vectors, weights, self.machine, self.around, transposed=transposed
        )
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
            stored = layer if layer.origin is None else layer.origin[0]
            turned = stored is not layer
            took = self.layer(layer_traffic(stored), layer.dtype, transposed=turned)
            known = self._sparse[id(layer)] = (layer, took)
        return known[1]


def _other_seconds(
    step: Pass, layers: Sequence[Layer], vectors: Vectors, machine: Machine
) -> float | None:
    """Predict a pass that is not sparse, without its fixed part."""
    cost = step.cost(vectors.columns, vectors.dtype)
    if cost is None:
        return None
    moved, flops = as_float(cost.bytes), as_float(cost.flops)
    memory = moved * machine.rate("move", moved)
    if step.kernel in _FUSED:
        rate = machine.rate(_FUSED[step.kernel], vectors.columns)
        return with_threads(flops * rate + memory, machine)
    if step.kernel in _FACTORS:
        return with_threads(flops * _factors_rate(layers, vectors, machine) + memory, machine)
    if step.kernel in _MOVING:
        around = 2 * as_float(step.shape[0]) * vectors.columns * vectors.dtype.itemsize
        return around * machine.rate("permute", vectors.columns) + memory
    return _numpy_seconds(layers[0], step.shape, vectors, machine) + memory


def _factors_rate(layers: Sequence[Layer], vectors: Vectors, machine: Machine) -> float:
    """Return the seconds a flop of one factor or two, with the light layers around them."""
    factors = [one for one in layers if not is_light(one)] or layers[:1]
    rates = [(_factor_rate(one, vectors, machine), as_float(one.synapses)) for one in factors]
    total = sum(synapses for _, synapses in rates)
    return sum(rate * synapses / total for rate, synapses in rates) if total else 0.0


def _factor_rate(layer: Layer, vectors: Vectors, machine: Machine) -> float:
    """Return the seconds a flop: small blocks spend theirs on loads and stores."""
    assert isinstance(layer, KroneckerSparse)
    small, large = (machine.rate(name, vectors.columns) for name in ("factor2", "factor16"))
    block = max(min(layer.pattern[1:3]), 1)
    share = (1 / block - 1 / 16) / (1 / 2 - 1 / 16)
    return max(large + share * (small - large), 0.5 * large)


def _numpy_seconds(
    layer: Layer, shape: tuple[int, int], vectors: Vectors, machine: Machine
) -> float:
    """Predict a layer that is applied by its own `apply`."""
    values = as_float(max(shape)) * vectors.columns
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
        return as_float(cost.flops) * machine.rate("convolve")
    # a kind of layer that the model does not know, or one that NumPy and SciPy apply
    return as_float(cost.flops) * machine.rate("entry", 8)


def seconds_text(seconds: float | None) -> str:
    """Write seconds for people.

    Parameters
    ----------
    seconds : float or None

    Returns
    -------
    str
        Two or three digits and a unit.

    Examples
    --------
    >>> seconds_text(0.00123), seconds_text(45.6), seconds_text(2e-9)
    ('1.23 ms', '45.6 s', '0.002 us')
    """
    if seconds is None:
        return "unknown"
    if math.isinf(seconds):
        return "too large"
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
