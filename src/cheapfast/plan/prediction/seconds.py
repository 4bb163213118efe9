"""How long calls take, predicted from measured rates of the machine.

A call takes the sum of its passes and a little for itself. Sparse passes have a model of their own
in `sparse_seconds`, structured ones in `structured_seconds`; what is left are layers that NumPy and
SciPy apply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast.layers import Convolution, PassThrough, Permutation, Sparse
from cheapfast.plan.cost import has_weights, layer_cost, weight_bytes
from cheapfast.plan.passes.full import as_factor, fills
from cheapfast.plan.prediction.sparse_seconds import (
    NOTHING,
    Around,
    Vectors,
    as_float,
    sparse_seconds,
)
from cheapfast.plan.prediction.structured_seconds import (
    STRUCTURED_PASSES,
    block_seconds,
    permuted_seconds,
    structured_seconds,
)
from cheapfast.plan.prediction.traffic import Traffic, band_traffic, layer_traffic

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.plan import Plan
    from cheapfast.plan.prediction.machine import Machine
    from cheapfast.plan.step import Pass

#: Kernels of passes that apply sparse layers one after another; a neighbour of the kind joins them.
SPARSE_PASSES = ("csr", "csr chain", "csr transposed")
_FEW_WEIGHTS = 64  # of a convolution by shifted copies


class Pricer:
    """Predicts what the passes of one network take.

    Parameters
    ----------
    vectors : Vectors
        That the network is applied to.
    machine : Machine
    around : Around, optional
        What the network consists of.
    compiled : bool, optional
        Whether all its passes are, so that a call does not come back to Python.
    """

    def __init__(
        self,
        vectors: Vectors,
        machine: Machine,
        around: Around = NOTHING,
        *,
        compiled: bool = True,
    ) -> None:
        self.vectors, self.machine, self.around = vectors, machine, around
        #: Seconds of a call, and of a pass, before they do anything.
        self.call_seconds = machine.rate("call" if compiled else "general")
        self.pass_seconds = machine.rate("pass" if compiled else "general pass")
        # the layer is kept with its seconds, so that no other one can get its id
        self._sparse: dict[int, tuple[Sparse, float]] = {}

    @classmethod
    def of_plan(
        cls, plan: Plan, layers: Sequence[Layer], vectors: Vectors, machine: Machine
    ) -> Pricer:
        """Return who predicts what a network takes.

        Parameters
        ----------
        plan : Plan
        layers : sequence of Layer
            That it applies.
        vectors : Vectors
        machine : Machine

        Returns
        -------
        Pricer
        """
        weights = sum(weight_bytes(layer) for layer in layers if has_weights(layer))
        sparse = [layer for layer in layers if isinstance(layer, Sparse)]
        turns = sum(layer.synapses + layer.shape[0] for layer in sparse)
        compiled = all(step.step is not None for step in plan.passes)
        return cls(vectors, machine, Around(as_float(weights), as_float(turns)), compiled=compiled)

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

    def merged(self, traffic: Traffic, weights: np.dtype[Any]) -> float:
        """Predict what layers take within a pass that were multiplied out.

        Parameters
        ----------
        traffic : Traffic
            Of the product.
        weights : numpy.dtype

        Returns
        -------
        float
            If the product has no zero, it is applied as a dense block.
        """
        shape = traffic.rows, traffic.columns
        mixed = self.vectors.dtype.kind == "c" and weights.kind != "c"
        if fills(shape, traffic.nonzeros) and not mixed and self.vectors.columns:
            return block_seconds(shape, self.vectors, self.machine)
        return self.layer(traffic, weights)

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
            seconds = [self.in_chain(layer) for layer in taken]
            seconds[0] += self.pass_seconds
            return seconds
        cost = step.cost(*self.vectors)
        if cost is None:
            return None
        if step.kernel == "stencil":  # a matrix of its own for the sparse kernel
            (layer,) = taken
            assert isinstance(layer, Convolution)
            band = band_traffic(layer.shape, layer.synapses, layer.kernel.size)
            total = self.layer(band, layer.dtype)
        elif step.kernel in STRUCTURED_PASSES:
            weights = self.around.weights
            factors = [as_factor(layer) for layer in taken]
            total = structured_seconds(step, factors, self.vectors, self.machine, weights)
        else:
            moved = as_float(cost.bytes)
            total = _numpy_seconds(taken[0], step.shape, self.vectors, self.machine)
            total += moved * self.machine.rate("move", moved)
        total += self.pass_seconds
        return [total / len(taken)] * len(taken)

    def in_chain(self, layer: Layer) -> float:
        """Predict what a layer takes within a pass of sparse layers.

        Parameters
        ----------
        layer : Layer
            Sparse, or a permutation.

        Returns
        -------
        float
        """
        if not isinstance(layer, Sparse):
            return 0.0  # a permutation is folded into the layer before it
        known = self._sparse.get(id(layer))
        if known is None:
            stored = layer if layer.origin is None else layer.origin[0]
            turned = stored is not layer
            took = self.layer(layer_traffic(stored), layer.dtype, transposed=turned)
            known = self._sparse[id(layer)] = (layer, took)
        return known[1]


def _numpy_seconds(
    layer: Layer, shape: tuple[int, int], vectors: Vectors, machine: Machine
) -> float:
    """Predict a layer that is applied by its own `apply`."""
    values = as_float(max(shape)) * vectors.columns
    if isinstance(layer, PassThrough):
        inner = _numpy_seconds(layer.layer, layer.layer.shape, vectors, machine)
        return inner + permuted_seconds(max(shape), vectors, machine)
    if not layer.is_linear:
        return values * machine.rate("elementwise")
    if isinstance(layer, Permutation):
        return permuted_seconds(shape[0], vectors, machine)
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
