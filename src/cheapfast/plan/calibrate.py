"""Measuring what this machine is good at: once, in about half a second, then kept in a file.

The rates feed `cheapfast.plan.seconds`. They are those of the real kernels, so that a model built
of them predicts what the kernels take, not what the hardware could do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cheapfast import _core
from cheapfast._stopwatch import fastest
from cheapfast._validate import thread_count
from cheapfast.layers import Activation, Convolution, FourierValues, KroneckerSparse, Permutation
from cheapfast.plan.calibrate_sparse import product_rates, sparse_rates, speedup
from cheapfast.plan.machine import (
    RATES,
    Curve,
    Machine,
    cache_file,
    constant,
    curve,
    load,
    store,
)
from cheapfast.plan.passes import make_plan

if TYPE_CHECKING:
    from cheapfast.layers import Layer

_MANY = 64  # vectors

_made: dict[Path, Machine] = {}
_lock = threading.Lock()


def machine(threads: int | None = None, *, again: bool = False) -> Machine:
    """Return the rates of this machine, measured if that was not done before.

    Parameters
    ----------
    threads : int, optional
        As for `Network.apply`.
    again : bool
        Whether to measure even if there is a file.

    Returns
    -------
    Machine
        From this process, else from the file in the cache folder, else measured now and kept there.
    """
    workers = thread_count(threads)
    release, target = version("cheapfast"), _core.active_target()
    path = cache_file(release, target, workers)
    with _lock:
        found = None if again else _made.get(path) or load(path)
        if found is None:
            found = measure(workers)
            notes = {"made by": "cheapfast; safe to delete", "version": release, "target": target}
            store(path, found, notes)
        _made[path] = found
    return found


def measure(threads: int) -> Machine:
    """Measure all rates.

    Parameters
    ----------
    threads : int
        What the speed-up is to be of.

    Returns
    -------
    Machine
    """
    rng = np.random.default_rng(0)
    rates = {**sparse_rates(rng), **product_rates(rng), **_structured(rng)}
    rates["speedup"] = speedup(rng, threads)
    return Machine({name: rates[name] for name in RATES}, threads)


def _structured(rng: np.random.Generator) -> dict[str, Curve]:
    """Rates of everything that is not a sparse matrix."""
    sums = np.array([[1.0, 1.0], [1.0, -1.0]])[:, :, np.newaxis]
    n, digits = 1024, 10
    strides = [2**i for i in range(digits)]
    runs: dict[str, list[Layer]] = {
        "fourier": [KroneckerSparse((n // 2 // d, 2, 2, d), FourierValues(2, d)) for d in strides],
        "sums": [KroneckerSparse((n // 2 // d, 2, 2, d), sums) for d in strides],
        "blocks": [_random_factor((n // 2 // d, 2, 2, d), rng) for d in strides],
        "factor2": [_random_factor((16, 2, 2, n // 32), rng)],
        "factor16": [_random_factor((n // 128, 16, 16, 8), rng)],
    }
    rates = {name: _by_vectors(layers, n, "flops") for name, layers in runs.items()}
    rates["permute"] = _by_vectors([Permutation(rng.permutation(16384))], 16384, "bytes")
    few, many = (Convolution(np.ones(taps), n) for taps in (3, 128))
    rates["convolve"] = constant(_one_layer(few, n, 8) / (2 * 3 * n * 8))
    rates["transform"] = constant(_one_layer(many, n, 8) / (n * 8 * digits))
    rates["elementwise"] = constant(_one_layer(Activation("tanh"), n, 8) / (n * 8))
    return rates


def _random_factor(pattern: tuple[int, int, int, int], rng: np.random.Generator) -> KroneckerSparse:
    return KroneckerSparse(pattern, rng.standard_normal(pattern) + 2)


def _by_vectors(layers: Sequence[Layer], features: int, unit: str) -> Curve:
    """Return the seconds a byte or flop of some layers, for one vector and for many."""
    plan = make_plan(layers, [layer.shape for layer in layers])
    points = []
    for vectors in (1, _MANY):
        costs = [step.cost(vectors, layers[0].dtype) for step in plan.passes]
        units = sum(getattr(cost, unit) for cost in costs)
        X = np.ones((features, vectors), layers[0].dtype)
        plan.run(X, 1)
        points.append((vectors, fastest(lambda X=X: plan.run(X, 1)).seconds / units))  # type: ignore[misc]
    return curve(points)


def _one_layer(layer: Layer, features: int, vectors: int) -> float:
    X = np.ones((features, vectors))
    layer.apply(X)
    return fastest(lambda: layer.apply(X)).seconds
