"""Measuring what this machine is good at: once, in about half a second, then kept in a file.

The rates feed `cheapfast.plan.seconds`. Each is the difference of two runs of the real kernels, so
that a model built of them predicts what the kernels take, not what the hardware could do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from cheapfast import _core
from cheapfast._validate import thread_count
from cheapfast.layers import (
    Activation,
    Convolution,
    FourierValues,
    KroneckerSparse,
    Permutation,
    Sparse,
)
from cheapfast.plan.csr_chain import CsrChain
from cheapfast.plan.machine import RATES, Curve, Machine, cache_file, load, store
from cheapfast.plan.passes import make_plan
from cheapfast.plan.product import multiply

if TYPE_CHECKING:
    from cheapfast.layers import Layer

_ENOUGH = 0.003  # seconds of repetitions of one run, at least three
_KIB, _MIB = 1 << 10, 1 << 20
_IN_CACHE = 512 * _KIB
_FOOTPRINTS = (2 * _MIB, 8 * _MIB, 24 * _MIB, 64 * _MIB)  # of operands in farther caches and memory
_MANY = 64  # vectors
_OPERAND_ROWS = ((8, 8192), (64, 4096), (512, 512))  # bytes of a row, and how many fit a near cache

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
            notes = {"version": release, "target": target, "made by": "cheapfast, safe to delete"}
            store(path, found, notes)
        _made[path] = found
    return found


def measure(threads: int) -> Machine:
    """Measure all rates.

    Parameters
    ----------
    threads : int
        What `speedup` is to be of.

    Returns
    -------
    Machine
    """
    rng = np.random.default_rng(0)
    rates: dict[str, Curve] = {}
    rates.update(_overheads())
    rates.update(_in_cache(rng, rates))
    rates.update(_streams(rng, rates))
    rates.update(_gathers(rng, rates))
    rates.update(_products(rng))
    rates.update(_structured(rng))
    rates["speedup"] = _constant(_speedup(rng, threads))
    return Machine({name: rates[name] for name in RATES}, threads)


# -- runs


def fastest(run: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some runs.

    Parameters
    ----------
    run : callable

    Returns
    -------
    float
    """
    best, total, runs = float("inf"), 0.0, 0
    while runs < 3 or total < _ENOUGH:
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        best, total, runs = min(best, seconds), total + seconds, runs + 1
    return best


def _constant(rate: float) -> Curve:
    return Curve(((1.0, max(rate, 0.0)),))


def _curve(points: Sequence[tuple[float, float]]) -> Curve:
    return Curve(tuple((float(size), max(rate, 0.0)) for size, rate in points))


def _spread(rows: int, columns: int, per_row: int, rng: np.random.Generator) -> Sparse:
    """Draw one column a row from each of equally wide ranges: sorted, and none twice."""
    width = columns // per_row
    drawn = rng.integers(0, width, (rows, per_row), np.int32)
    drawn += np.arange(0, per_row * width, width, dtype=np.int32)
    return _sparse(drawn, columns)


def _sparse(indices: Any, columns: int) -> Sparse:
    rows, per_row = indices.shape
    indptr = np.arange(0, rows * per_row + 1, per_row, dtype=np.int32)
    data = np.ones(rows * per_row)
    return Sparse(csr_array((data, indices.reshape(-1), indptr), shape=(rows, columns)))


def _seconds(layers: Sequence[Sparse], vectors: int, threads: int = 1) -> float:
    chain = CsrChain(layers)
    X = np.ones((layers[0].shape[1], vectors))
    chain.run(X, threads)
    return fastest(lambda: chain.run(X, threads))


# -- sparse layers


def _overheads() -> dict[str, Curve]:
    tiny = Sparse(np.eye(2))
    one = _seconds([tiny], 1)
    return {
        "pass": _constant(one),
        "layer": _constant((_seconds([tiny] * 17, 1) - one) / 16),
    }


def _in_cache(rng: np.random.Generator, rates: dict[str, Curve]) -> dict[str, Curve]:
    rows, entries = [], []
    for size, n in _OPERAND_ROWS:
        few, many = (_seconds([_spread(n, n, per_row, rng)], size // 8) for per_row in (2, 18))
        entry = (many - few) / (16 * n)
        entries.append((size, entry))
        rows.append((size, (few - rates["pass"].at(1)) / n - 2 * entry))
    return {
        "row": _curve(rows),
        "entry": _curve(entries),
        "uneven": _constant(_unevenness(rng)),
    }


def _unevenness(rng: np.random.Generator) -> float:
    """Return what it costs to guess the end of a row wrongly."""
    n, most = 8192, 16
    steps = np.arange(most, dtype=np.int32) * (n // most)
    seconds = []
    lengths = rng.integers(0, most + 1, n)
    for each in (lengths, np.sort(lengths)):
        indptr = np.concatenate([[0], np.cumsum(each)]).astype(np.int32)
        indices = np.broadcast_to(steps, (n, most))[np.arange(most) < each[:, np.newaxis]]
        matrix = csr_array((np.ones(len(indices)), indices, indptr), shape=(n, n))
        seconds.append(_seconds([Sparse(matrix)], 1))
    return (seconds[0] - seconds[1]) / n


def _streams(rng: np.random.Generator, rates: dict[str, Curve]) -> dict[str, Curve]:
    """Weights, then vectors, that are read in order from farther and farther away."""
    per_row, columns = 32, 2048
    pattern = _spread(columns, columns, per_row, rng).arrays()[1].reshape(columns, per_row)
    row, entry = rates["row"], rates["entry"]
    streams, moves = [(float(_IN_CACHE), 0.0)], [(float(_IN_CACHE), 0.0)]
    for size in _FOOTPRINTS:
        blocks = size // (12 * columns * per_row)
        seconds = _seconds([_sparse(np.tile(pattern, (blocks, 1)), columns)], 1)
        rows = blocks * columns
        streams.append((size, (seconds - rows * (row.at(8) + per_row * entry.at(8))) / size))
        rows = size // (2 * 8 * _MANY)
        seconds = _seconds([_sparse(np.arange(rows, dtype=np.int32)[:, None], rows)], _MANY)
        moves.append((size, (seconds - rows * (row.at(512) + entry.at(512))) / size))
    return {"stream": _curve(streams), "move": _curve(moves)}


def _gathers(rng: np.random.Generator, rates: dict[str, Curve]) -> dict[str, Curve]:
    per_row = 8
    gathers = {}
    for size, _ in _OPERAND_ROWS:
        points = [(float(_IN_CACHE), 0.0)]
        for footprint in _FOOTPRINTS:
            # as many entries as the operand has cache lines: one run does not find those of the last
            entries = footprint // max(size, 64)
            layer = _spread(entries // per_row, footprint // size, per_row, rng)
            seconds = _seconds([layer], size // 8)
            row, entry = rates["row"].at(size), rates["entry"].at(size)
            weights = 12 * entries
            result = entries // per_row * size
            known = entries * (entry + row / per_row) + weights * rates["stream"].at(weights)
            known += result * rates["move"].at(2 * result)
            points.append((footprint, (seconds - known) / entries))
        gathers[f"gather{size}"] = _curve(points)
    return gathers


def _products(rng: np.random.Generator) -> dict[str, Curve]:
    """Solve for the two rates from a product in which few pairs meet and one in which many do."""
    n, width = 4096, 9
    scattered = _spread(n, n, 8, rng).to_csr()
    band = np.arange(n, dtype=np.int32)[:, None] + np.arange(width, dtype=np.int32)
    banded = _sparse(band, n + width - 1).to_csr()
    after = _sparse(np.vstack([band, band[: width - 1]]), n + width - 1).to_csr()
    equations, seconds = [], []
    for left, right, pairs in ((scattered, scattered, 64 * n), (banded, after, width**2 * n)):
        equations.append((pairs, multiply(left, right, 1).nnz))
        seconds.append(fastest(lambda left=left, right=right: multiply(left, right, 1)))  # type: ignore[misc]
    pair, entry = np.linalg.solve(np.array(equations, float), np.array(seconds))
    return {"pair": _constant(float(pair)), "product": _constant(float(entry))}


def _speedup(rng: np.random.Generator, threads: int) -> float:
    if threads == 1:
        return 1.0
    layer = _spread(16384, 16384, 16, rng)
    alone, together = (_seconds([layer], _MANY, count) for count in (1, threads))
    return min(max(alone / together, 1.0), float(threads))


# -- everything else


def _structured(rng: np.random.Generator) -> dict[str, Curve]:
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
    rates["convolve"] = _constant(_one_layer(few, n, 8) / (2 * 3 * n * 8))
    rates["transform"] = _constant(_one_layer(many, n, 8) / (n * 8 * digits))
    rates["elementwise"] = _constant(_one_layer(Activation("tanh"), n, 8) / (n * 8))
    return rates


def _random_factor(
    pattern: tuple[int, int, int, int], rng: np.random.Generator
) -> KroneckerSparse:
    return KroneckerSparse(pattern, rng.standard_normal(pattern) + 2)


def _by_vectors(layers: Sequence[Layer], features: int, unit: str) -> Curve:
    """Return the seconds a byte or flop of a run that is one pass, for one vector and for many."""
    (step,) = make_plan(layers, [layer.shape for layer in layers]).passes
    points = []
    for vectors in (1, _MANY):
        cost = step.cost(vectors, layers[0].dtype)
        assert cost is not None
        X = np.ones((features, vectors), layers[0].dtype)
        step.run(X, 1)
        points.append((vectors, fastest(lambda X=X: step.run(X, 1)) / getattr(cost, unit)))  # type: ignore[misc]
    return _curve(points)


def _one_layer(layer: Layer, features: int, vectors: int) -> float:
    X = np.ones((features, vectors))
    layer.apply(X)
    return fastest(lambda: layer.apply(X))
