"""Measuring what this machine is good at: once, in less than a second, then kept in a file.

The rates feed `cheapfast.plan.prediction.seconds`. They are those of the real kernels, so that a
model built of them predicts what the kernels take, not what the hardware could do.
"""

from __future__ import annotations

import threading
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cheapfast import _core
from cheapfast._stopwatch import fastest
from cheapfast._validate import thread_count
from cheapfast.layers import Activation, Convolution
from cheapfast.plan.prediction.calibrate_calls import fixed_rates
from cheapfast.plan.prediction.calibrate_sparse import product_rates, sparse_rates, speedup
from cheapfast.plan.prediction.calibrate_structured import structured_rates
from cheapfast.plan.prediction.machine import (
    Curve,
    Machine,
    cache_file,
    constant,
    load,
    store,
)
from cheapfast.plan.prediction.rates import RATES

if TYPE_CHECKING:
    from cheapfast.layers import Layer

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
    rates = fixed_rates()
    rates |= sparse_rates(rng, rates) | product_rates(rng) | structured_rates(rng, rates)
    rates |= _numpy_rates() | {"speedup": speedup(rng, threads)}
    return Machine({name: rates[name] for name in RATES}, threads)


def _numpy_rates() -> dict[str, Curve]:
    """Rates of the layers that NumPy applies."""
    n, digits = 1024, 10
    few, many = (Convolution(np.ones(taps), n) for taps in (3, 128))
    return {
        "convolve": constant(_one_layer(few, n, 8) / (2 * 3 * n * 8)),
        "transform": constant(_one_layer(many, n, 8) / (n * 8 * digits)),
        "elementwise": constant(_one_layer(Activation("tanh"), n, 8) / (n * 8)),
    }


def _one_layer(layer: Layer, features: int, vectors: int) -> float:
    X = np.ones((features, vectors))
    layer.apply(X)
    return fastest(lambda: layer.apply(X)).seconds
