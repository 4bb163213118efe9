"""Weights at the ends of their type's range: never multiplied with each other beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from cheapfast.layers import FourierValues
from cheapfast.layers.values import magnitudes_of
from cheapfast.plan.magnitudes import can_multiply
from operands import Array, normal, one_by_one

N = 16
SCALES = {"f4": 1e-30, "c8": 1e-30, "f8": 1e-250, "c16": 1e-250}


def diagonal(rng: np.random.Generator, dtype: str, scale: float, sparsely: bool) -> cf.Layer:
    values = (rng.uniform(1, 2, N) * scale).astype(dtype)
    if sparsely:
        return cf.Sparse(sparse.csr_array(sparse.diags(values)))
    return cf.KroneckerSparse((N, 1, 1, 1), values.reshape(N, 1, 1, 1))


def core(
    name: str, rng: np.random.Generator, dtype: str, first: float, last: float
) -> list[cf.Layer]:
    """Return layers whose first and last have weights of a given magnitude."""
    if name == "factor":
        patterns = [(2, 3, 4, 2), (2, 4, 3, 2)]
    elif name == "butterfly":
        patterns = [(8, 2, 2, 1), (4, 2, 2, 2), (2, 2, 2, 4)]
    else:
        return [diagonal(rng, dtype, first, True), diagonal(rng, dtype, last, False)]
    scales = [first, *[1.0] * (len(patterns) - 2), last]
    return [
        cf.KroneckerSparse(
            pattern,
            (normal(rng, pattern, "c16" if dtype[0] == "c" else "f8") * scale).astype(dtype),
        )
        for pattern, scale in zip(patterns, scales, strict=True)
    ]


@pytest.mark.parametrize("sparsely", [True, False])
@pytest.mark.parametrize("name", ["lights", "factor", "butterfly"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", sorted(SCALES))
def test_diagonals_are_not_multiplied_into_what_they_would_overflow(
    dtype: str, sign: int, name: str, sparsely: bool
) -> None:
    rng = np.random.default_rng(12)
    one, other = SCALES[dtype] ** sign, SCALES[dtype] ** -sign
    before, after = (diagonal(rng, dtype, scale, sparsely) for scale in (one, other))
    net = cf.Network([before, *core(name, rng, dtype, one, other), after])
    X = (normal(rng, (N, 3), dtype) * other).astype(dtype)
    expected, size = one_by_one(net, X)
    limit = 30 * np.finfo(dtype).eps * size
    for Y in (net.apply(X), net.apply(X), net(np.ascontiguousarray(X.T)).T):
        assert np.all(np.abs(Y - expected) <= limit)
    assert np.all(np.abs(net.apply(X[:, 0]) - expected[:, 0]) <= limit[:, 0])


@pytest.mark.parametrize("name", ["lights", "factor", "butterfly"])
def test_ordinary_diagonals_are_folded(name: str) -> None:
    rng = np.random.default_rng(13)
    before, after = diagonal(rng, "f4", 1e-9, False), diagonal(rng, "f4", 1e9, True)
    passes = cf.Network([before, *core(name, rng, "f4", 1e-9, 1e9), after]).explain().passes
    assert len(passes) == (2 if name == "factor" else 1)


@given(
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), max_size=8),
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), max_size=8),
)
def test_what_can_be_multiplied_is_right(one: list[float], other: list[float]) -> None:
    layers = [
        cf.KroneckerSparse((1, 1, len(values), 1), np.array(values, "f4").reshape(1, 1, -1, 1))
        for values in (one, other)
    ]
    if can_multiply(layers):
        first, second = (np.array(values, "f4") for values in (one, other))
        product, exact = np.outer(first, second), np.outer(first.astype(float), second)
        assert np.all(np.abs(product - exact) <= np.abs(exact) * 2.0**-24)
    assert can_multiply(layers[:1])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, -3.0, 2.0], (2.0, 3.0)),
        ([0.0, 0.0], (np.inf, 0.0)),
        ([], (np.inf, 0.0)),
        ([3 + 4j, 1j], (1.0, 5.0)),
        ([1.0, np.inf], (1.0, np.inf)),
        ([1.0, np.nan], (np.nan, np.nan)),
    ],
)
def test_magnitudes(values: list[Any], expected: tuple[float, float]) -> None:
    array: Array = np.array(values)
    np.testing.assert_equal(magnitudes_of(array), expected)


def test_roots_of_unity_need_not_be_written_out() -> None:
    assert FourierValues(2, 2**59).magnitudes == (1.0, 1.0)
