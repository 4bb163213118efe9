"""Rates of the structured kernels: fused runs, transforms, factors, permutations, activations.

They are measured in double precision, and for complex numbers where a kernel has them do more: see
`cheapfast.plan.prediction.structured_seconds`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cheapfast import _core
from cheapfast.layers import Activation, FourierValues, KroneckerSparse, Layer, Permutation
from cheapfast.plan.prediction.calibrate_calls import Rates, call_seconds
from cheapfast.plan.prediction.machine import Curve, constant, curve
from cheapfast.plan.prediction.sparse_seconds import Vectors
from cheapfast.plan.prediction.structured_seconds import (
    LONGEST_ROW,
    factor_work,
    fused_work,
    registers,
)

Run = Callable[[int], list[Layer]]

_SMALL, _NEAR, _LARGE = 64, 512, 4096  # features: nearly nothing to do; for columns; for one vector
_MANY = 64  # columns
_REAL, _COMPLEX = np.dtype(np.float64), np.dtype(np.complex128)


def structured_rates(rng: np.random.Generator, known: Rates) -> dict[str, Curve]:
    """Measure what structured passes take.

    Parameters
    ----------
    rng : numpy.random.Generator
    known : mapping
        The fixed costs of calls and passes.

    Returns
    -------
    dict
        Some of `cheapfast.plan.prediction.rates.RATES`.
    """
    fixed = known["call"].at(1) + known["pass"].at(1)

    def blocks(n: int, dtype: np.dtype[np.generic] = _REAL) -> list[Layer]:
        return [_free((n // 2 // d, 2, 2, d), dtype, rng) for d in _strides(n)]

    rates = _fused("fourier", _fourier, _COMPLEX, fixed) | _fused("blocks", blocks, _REAL, fixed)
    start = fixed + rates["blocks start"].at(1)
    rates["blocks complex"] = _by_registers(lambda n: blocks(n, _COMPLEX), _COMPLEX, start)
    rates["detour"] = _detour(blocks)
    rates["sums"] = curve(_sums(n, vectors, fixed) for n, vectors in ((_LARGE, 1), (_NEAR, _MANY)))
    rates |= _factors(rng, fixed) | _activations(known["pass"].at(1))
    rates |= _permutations(rng, fixed)
    return rates


def _fused(kind: str, run: Run, dtype: np.dtype[np.generic], fixed: float) -> dict[str, Curve]:
    """Measure one vector, with what is done before it, and columns."""
    little, much = (
        (call_seconds(run(n), 1), fused_work(math.log2(n), n, Vectors(1, dtype)))
        for n in (_SMALL, _LARGE)
    )
    one = (much[0] - little[0]) / (much[1] - little[1])
    start = max(little[0] - fixed - little[1] * one, 0.0)
    return {
        f"{kind} start": constant(start),
        f"{kind} one": constant(one),
        kind: _by_registers(run, dtype, fixed + start),
    }


def _by_registers(run: Run, dtype: np.dtype[np.generic], fixed: float) -> Curve:
    layers, points = run(_NEAR), {}
    for columns in (_core.fused_lanes(dtype), _MANY):
        vectors = Vectors(columns, dtype)
        work = fused_work(math.log2(_NEAR), _NEAR, vectors)
        points[registers(vectors)] = (call_seconds(layers, columns) - fixed) / work
    return curve(sorted(points.items()))


def _detour(run: Run) -> Curve:
    """Return what it costs more that columns do not fill their last register, a byte of all."""
    layers, lanes = run(_NEAR), _core.fused_lanes(_REAL)
    partly, wholly = (call_seconds(layers, columns) for columns in (lanes + 1, 2 * lanes))
    return constant((partly - wholly) / (_NEAR * 2 * lanes * _REAL.itemsize))


def _sums(n: int, vectors: int, fixed: float) -> tuple[float, float]:
    block = np.array([[1.0, 1.0], [1.0, -1.0]])[:, :, np.newaxis]
    layers: list[Layer] = [KroneckerSparse((n // 2 // d, 2, 2, d), block) for d in _strides(n)]
    size = n * vectors * _REAL.itemsize
    return size, (call_seconds(layers, vectors) - fixed) / (size * len(layers))


def _factors(rng: np.random.Generator, fixed: float) -> dict[str, Curve]:
    """Measure tiles and the products in them, by blocks with few and with many."""
    small, large = ((_NEAR // b, b, b, 1) for b in (2, 32))
    lanes = _core.fused_lanes(_REAL)
    rates: dict[str, Curve] = {}
    layers = {pattern: [_free(pattern, _REAL, rng)] for pattern in (small, large)}
    points = {}
    for columns in (4 * lanes, lanes, 1):
        vectors = Vectors(columns, _REAL)
        (few, little), (many, much) = (factor_work(one, vectors) for one in (small, large))
        low, high = (call_seconds(layers[one], columns) - fixed for one in (small, large))
        # low = few * tile + little * product, high = many * tile + much * product
        product = (high * few - low * many) / (much * few - little * many)
        tile = (low - little * product) / few
        if columns == 1:
            rates |= {"factor one": constant(product), "tile one": constant(tile)}
        else:
            rates.setdefault("tile", constant(tile))
            points[registers(vectors)] = product
    return {**rates, "factor": curve(sorted(points.items()))}


def _permutations(rng: np.random.Generator, fixed: float) -> dict[str, Curve]:
    """Measure rows that are found in a near cache wherever they are."""
    order = Permutation(rng.permutation(2 * _NEAR))
    size = order.dtype.itemsize
    few, some, many = (
        (call_seconds([order], columns) - fixed) / (2 * _NEAR)
        for columns in (1, 8, LONGEST_ROW // size)
    )
    return {
        "permute one": constant(few),
        "permute": curve([(8 * size, some), (LONGEST_ROW, many)]),
    }


def _activations(begun: float) -> dict[str, Curve]:
    """Measure what an activation adds to a permutation: it has no size of its own."""
    before: Layer = Permutation(np.arange(_LARGE)[::-1])
    names = {"activation": "logistic", "relu": "relu"}
    alone, *both = (
        call_seconds([before, *one], 1)
        for one in ([], *([Activation(name)] for name in names.values()))
    )
    size = _LARGE * before.dtype.itemsize
    return {
        name: constant((took - alone - begun) / size)
        for name, took in zip(names, both, strict=True)
    }


def _fourier(n: int) -> list[Layer]:
    strides = _strides(n)
    stages = [KroneckerSparse((n // 2 // d, 2, 2, d), FourierValues(2, d)) for d in strides]
    return [Permutation.digit_reversal((2,) * len(strides)), *stages]


def _free(
    pattern: tuple[int, int, int, int], dtype: np.dtype[np.generic], rng: np.random.Generator
) -> KroneckerSparse:
    return KroneckerSparse(pattern, (rng.standard_normal(pattern) + 2).astype(dtype))


def _strides(n: int) -> list[int]:
    return [1 << i for i in range(n.bit_length() - 1)]
