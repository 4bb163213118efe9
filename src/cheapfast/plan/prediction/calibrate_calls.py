"""What users call, timed: a network applied to contiguous arrays, and the fixed part of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cheapfast._stopwatch import fastest
from cheapfast.layers import Activation, KroneckerSparse, Sparse
from cheapfast.plan.application import Application
from cheapfast.plan.plan import make_plan
from cheapfast.plan.prediction.machine import Curve, constant
from cheapfast.plan.shapes import chain_shapes, layer_part

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Rates = Mapping[str, Curve]

_TOGETHER_SECONDS = 2e-5  # calls that are shorter are timed together, or the clock would be timed


def call_seconds(layers: Sequence[Layer], vectors: int, threads: int = 1) -> float:
    """Return what a call of `Network.apply` takes.

    Parameters
    ----------
    layers : sequence of Layer
        Of the network.
    vectors : int
        Columns that it is applied to; one is a vector.
    threads : int, optional

    Returns
    -------
    float
        Seconds: the fastest of several.
    """
    shapes = chain_shapes([layer_part(layer, "layer") for layer in layers])
    dtype = np.result_type(*(layer.dtype for layer in layers if layer.is_linear))
    network = Application(make_plan(layers, shapes), (shapes[-1][0], shapes[0][1]), dtype)
    X = np.ones(shapes[0][1] if vectors == 1 else (shapes[0][1], vectors), dtype)

    def call() -> None:
        for _ in range(loops):
            network.apply(X, None, 0, threads)

    loops = 1
    call()
    loops = max(1, int(_TOGETHER_SECONDS / fastest(call, enough=0.0).seconds))
    return fastest(call).seconds / loops


def fixed_rates() -> dict[str, Curve]:
    """Measure what calls, passes and layers take before they do anything.

    Returns
    -------
    dict
        Some of `cheapfast.plan.prediction.rates.RATES`.
    """
    sparse: Layer = Sparse(np.ones((2, 2)))
    factor: Layer = KroneckerSparse((1, 2, 2, 1), np.array([[1.0, 2], [3, 4]]).reshape(1, 2, 2, 1))
    one, many = (call_seconds([factor] * count, 1) for count in (1, 9))
    short, long = (call_seconds([sparse] * count, 1) for count in (1, 9))
    # a function of the caller's is not compiled
    few, all_ = (call_seconds([sparse, Activation(np.positive)] * count, 1) for count in (1, 4))
    step = (many - one) / 8
    return {
        "call": constant(one - step),
        "pass": constant(step),
        "layer": constant((long - short) / 8),
        "general": constant(few - (all_ - few) / 3),
        "general pass": constant((all_ - few) / 6),
    }
