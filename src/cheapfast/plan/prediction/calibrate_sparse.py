"""Rates of the sparse kernels: layers applied to vectors, and products of two matrices."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cheapfast import _core
from cheapfast._stopwatch import fastest
from cheapfast.layers import Sparse
from cheapfast.plan.prediction.calibrate_calls import Rates, call_seconds
from cheapfast.plan.prediction.machine import Curve, constant, curve
from cheapfast.plan.prediction.sparse_seconds import held
from cheapfast.plan.prediction.traffic import layer_traffic
from cheapfast.plan.product import multiply

_KIB, _MIB = 1 << 10, 1 << 20
_NEAREST, _NEAR = 16 * _KIB, 256 * _KIB
_FARTHER = (2 * _MIB, 8 * _MIB, 24 * _MIB, 64 * _MIB)
# Rows at random places show where a cache ends.
_SCATTERED = (2 * _MIB, 8 * _MIB, 14 * _MIB, 24 * _MIB, 64 * _MIB)
_ROW_BYTES = (8, 64, 512)  # of an operand
_FEW, _SOME, _MANY = 2, 18, 128  # nonzeros of a row
_COMPLEX = 6  # the same of complex ones
# Rows whose ends are learned by heart: all, nearly all, some, none.
_LEARNED = {8: (1 << 10, 12 << 10, 1 << 14, 1 << 15), 64: (12 << 10, 1 << 14, 1 << 15)}
_LEARNED_ENTRIES = 4  # of such a row, on average
_VECTORS = 64
_SPEEDUP_ROUNDS = 4


def sparse_rates(rng: np.random.Generator, known: Rates) -> dict[str, Curve]:
    """Measure what applying sparse layers takes.

    Parameters
    ----------
    rng : numpy.random.Generator
    known : mapping
        The fixed costs of calls, passes and layers.

    Returns
    -------
    dict
        Some of `cheapfast.plan.prediction.rates.RATES`.
    """
    fixed = sum(known[name].at(1) for name in ("call", "pass", "layer"))
    rates = _in_cache(rng, fixed)
    rates["scatter"] = _scatter(rng)
    for size, counts in _LEARNED.items():
        rates[f"uneven{size}"] = curve(_unevenness(rows, size, rng) for rows in counts)
    rates.update(_in_order(rng, rates))
    for size in _ROW_BYTES:
        rates[f"gather{size}"] = _gather(size, rng, rates)
    return rates


def speedup(rng: np.random.Generator, threads: int) -> Curve:
    """Measure how many times faster some threads are than one.

    Parameters
    ----------
    rng : numpy.random.Generator
    threads : int

    Returns
    -------
    Curve
    """
    if threads == 1:
        return constant(1.0)
    layer = spread(16384, 16384, 16, rng)
    # in turns: whatever else has a processor for a moment must not stay in the result for good
    rounds = [
        [call_seconds([layer], _VECTORS, count) for count in (1, threads)]
        for _ in range(_SPEEDUP_ROUNDS)
    ]
    alone, together = map(min, zip(*rounds, strict=True))
    return constant(min(max(alone / together, 1.0), float(threads)))


def spread(
    rows: int, columns: int, per_row: int, rng: np.random.Generator, dtype: str = "f8"
) -> Sparse:
    """Draw one column a row from each of equally wide ranges: sorted, and none twice.

    Parameters
    ----------
    rows, columns, per_row : int
    rng : numpy.random.Generator
    dtype : str

    Returns
    -------
    Sparse
    """
    width = columns // per_row
    drawn = rng.integers(0, width, (rows, per_row), np.int32)
    drawn += np.arange(0, per_row * width, width, dtype=np.int32)
    return _with_columns(drawn, columns, dtype)


def _with_columns(indices: npt.NDArray[Any], columns: int, dtype: str = "f8") -> Sparse:
    lengths = np.full(len(indices), indices.shape[1])
    return _ragged(indices.reshape(-1), lengths, columns, dtype)


def _ragged(
    indices: npt.NDArray[Any], lengths: npt.NDArray[Any], columns: int, dtype: str = "f8"
) -> Sparse:
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    data = np.ones(len(indices), dtype)
    return Sparse(csr_array((data, indices, indptr), shape=(len(lengths), columns)))


def _uneven(rows: int, columns: int, most: int, rng: np.random.Generator) -> Sparse:
    """Draw rows of 0 to `most` nonzeros."""
    return _of_lengths(rng.integers(0, most + 1, rows), columns, rng)


def _of_lengths(lengths: npt.NDArray[Any], columns: int, rng: np.random.Generator) -> Sparse:
    """Draw rows of given numbers of nonzeros."""
    most = int(lengths.max())
    full = spread(len(lengths), columns, most, rng).arrays()[1].reshape(len(lengths), most)
    return _ragged(full[np.arange(most) < lengths[:, np.newaxis]], lengths, columns)


def _in_cache(rng: np.random.Generator, fixed: float) -> dict[str, Curve]:
    """Operand and result in the nearest caches: rows and nonzeros by themselves."""
    points: dict[str, list[tuple[float, float]]] = {"row": [], "entry": [], "long": []}
    for size in _ROW_BYTES:
        shape = _NEAR // max(size, 32), max(_NEAREST // size, _MANY)
        few, some, many = (
            call_seconds([spread(*shape, per_row, rng)], size // 8)
            for per_row in (_FEW, _SOME, _MANY)
        )
        entry = (some - few) / ((_SOME - _FEW) * shape[0])
        row = (few - fixed) / shape[0] - _FEW * entry
        points["row"].append((size, row))
        points["entry"].append((size, entry))
        points["long"].append((size, (many - some) / ((_MANY - _SOME) * shape[0])))
    numbers = []
    for size in (16, 64, 512):
        shape = _NEAR // max(size, 32), max(_NEAREST // size, _MANY)
        # a row of them takes longer than a real one: that is a part of what its nonzeros take
        took = call_seconds([spread(*shape, _COMPLEX, rng, "c16")], size // 16) - fixed
        row = curve(points["row"]).at(size, linear=True)
        numbers.append((float(size), (took / shape[0] - row) / _COMPLEX))
    return {**{name: curve(each) for name, each in points.items()}, "complex": curve(numbers)}


def _scatter(rng: np.random.Generator) -> Curve:
    """Adding to rows of the result, beyond what reading rows of the operand costs."""
    points = []
    for size in _ROW_BYTES:
        layer = spread(_NEAR // max(size, 32), max(_NEAREST // size, _MANY), _SOME, rng)
        as_is, turned = call_seconds([layer], size // 8), call_seconds([layer.T], size // 8)
        points.append((float(size), (turned - as_is) / layer.synapses))
    return curve(points)


def _unevenness(rows: int, size: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return what it costs to guess the end of a row wrongly; of few rows, some are learned."""
    # as in a random matrix: of rows of 0 to 8, all equally often, a processor learns far more
    lengths = rng.binomial(1024, _LEARNED_ENTRIES / 1024, rows)
    mixed, in_order = (_of_lengths(each, 1024, rng) for each in (lengths, np.sort(lengths)))
    took = call_seconds([mixed], size // 8) - call_seconds([in_order], size // 8)
    return float(rows * (1 + _LEARNED_ENTRIES)), took / rows


def _in_order(rng: np.random.Generator, rates: Rates) -> dict[str, Curve]:
    """Weights, then vectors, that are read in order from farther and farther away."""
    per_row, columns = 16, 1024
    pattern = spread(columns, columns, per_row, rng).arrays()[1].reshape(columns, per_row)
    row, entry = rates["row"], rates["entry"]
    streams, moves = [(float(_NEAR), 0.0)], [(float(2 * _NEAR), 0.0)]
    for size in _FARTHER:
        rows = size // (12 * columns * per_row) * columns
        tiled = np.tile(pattern, (rows // columns, 1))
        known = rows * (row.at(8) + per_row * entry.at(8))
        streams.append((size, (call_seconds([_with_columns(tiled, columns)], 1) - known) / size))
        rows = size // (2 * 8 * _VECTORS)
        # beside the diagonal: a diagonal matrix is none of the sparse kernel's
        shifted = _with_columns(np.arange(1, rows + 1, dtype=np.int32)[:, np.newaxis], rows + 1)
        known = rows * (row.at(512) + entry.at(512))
        moves.append((size, (call_seconds([shifted], _VECTORS) - known) / size))
    return {"stream": curve(streams), "move": curve(moves), "read": _reading()}


def _reading() -> Curve:
    numbers = np.ones(_FARTHER[-1] // 4, np.float32)
    points = []
    for size in (_NEAR, *_FARTHER):
        read = partial(_core.stream_read, numbers[: size // 4], 1, 1)
        points.append((float(size), fastest(read).seconds / size))
    return curve(points)


def _gather(size: int, rng: np.random.Generator, rates: Rates) -> Curve:
    """Rows of an operand at random places, beyond what they cost in the nearest cache."""
    per_row = 8
    points = [(float(2 * _NEAREST), 0.0)]
    for footprint in (_NEAR, *_SCATTERED):
        # an entry for each cache line of the operand: a run does not find what the last one read
        entries = footprint // max(min(size, 512), 64)
        rows = entries // per_row
        seconds = call_seconds([spread(rows, footprint // size, per_row, rng)], size // 8)
        known = rows * rates["row"].at(size)
        known += entries * (rates["entry"].at(size) + 12 * rates["stream"].at(12 * entries))
        known += rows * size * rates["move"].at(2 * rows * size)
        points.append((held(footprint, rows * size + 12 * entries), (seconds - known) / entries))
    return curve(points)


def product_rates(rng: np.random.Generator) -> dict[str, Curve]:
    """Measure what multiplying sparse matrices takes.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    dict
        Some of `cheapfast.plan.prediction.rates.RATES`: the least squares of the relative errors
        for products that differ in what they have most of.
    """
    n, width = 4096, 9
    band = np.arange(n, dtype=np.int32)[:, np.newaxis] + np.arange(width, dtype=np.int32)
    taller = np.vstack([band, band[: width - 1]])
    scattered = spread(n, n, 8, rng)
    factors = (
        (scattered, scattered),  # nonzeros, each in a word of its own
        (_with_columns(band, n + width - 1), _with_columns(taller, n + width - 1)),  # neighbours
        (spread(n, n, 16, rng), spread(n, n, 1, rng)),  # nonzeros of the left factor
        (_uneven(n, n, 16, rng), _uneven(n, n, 3, rng)),  # the same, not to be foreseen
        (_uneven(512, n, 128, rng), _uneven(n, 512, 32, rng)),  # pairs that meet in few columns
        (_uneven(n, n, 12, rng), _uneven(n, 256, 12, rng)),
        # several pairs for each nonzero, now the first and now a later one: as in coarse operators
        (_uneven(n, n, 14, rng), _uneven(n, 24, 14, rng)),
        (_uneven(1024, n, 56, rng), _uneven(n, 200, 16, rng)),
    )
    equations, seconds = [], []
    for one, other in factors:
        left, right = one.to_csr(), other.to_csr()
        product = Sparse(multiply(left, right, 1))
        traffic = layer_traffic(product)
        uneven = max(layer_traffic(one).uneven, layer_traffic(other).uneven)
        pairs = int(np.diff(right.indptr)[left.indices].sum())
        nonzeros = product.synapses
        counts = (left.nnz, uneven * left.nnz, pairs, nonzeros, traffic.words * nonzeros)
        equations.append(np.array(counts, float))
        seconds.append(fastest(lambda left=left, right=right: multiply(left, right, 1)).seconds)  # type: ignore[misc]
    relative = [equation / took for equation, took in zip(equations, seconds, strict=True)]
    rates = np.linalg.lstsq(np.array(relative), np.ones(len(relative)), rcond=None)[0]
    names = ("left", "left uneven", "pair", "product", "word")
    tiny = Sparse(np.eye(2)).to_csr()
    begun = fastest(lambda: Sparse(multiply(tiny, tiny, 1))).seconds
    return {"multiply": constant(begun)} | {
        name: constant(float(rate)) for name, rate in zip(names, rates, strict=True)
    }
