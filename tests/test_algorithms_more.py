"""Strassen, Daubechies and Monarch networks: against plain products, and their exact counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast.algorithms.daubechies import scaling_filter


def without_zeros(n: int, seed: int = 0) -> np.ndarray:
    """Irrational entries: no combination of blocks holds a zero."""
    return np.random.default_rng(seed).uniform(1, 2, (n, n))


@given(
    levels=st.integers(0, 3),
    block=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["float32", "float64", "complex128", "int64"]),
    side=st.sampled_from(["right", "left"]),
)
def test_strassen_multiplies(levels: int, block: int, seed: int, dtype: str, side: Any) -> None:
    n = block << levels
    rng = np.random.default_rng(seed)
    N = rng.integers(-4, 5, (n, n)).astype(dtype)
    if dtype == "complex128":
        N = N + 1j * rng.integers(-4, 5, (n, n))
    M = rng.integers(-4, 5, (n, n)).astype(N.dtype)
    net = cf.algorithms.strassen(levels, N, side)
    product = M @ N if side == "right" else N @ M
    # small integers: every sum is exact, in any order
    np.testing.assert_array_equal(net @ M.ravel(), product.ravel())
    assert net.depth == 2 * levels + 1


@pytest.mark.parametrize("levels", range(5))
@pytest.mark.parametrize("m", [1, 2, 3])
def test_synapses_of_strassen(levels: int, m: int) -> None:
    n = m << levels
    net = cf.algorithms.strassen(levels, without_zeros(n))
    assert net.synapses == 8 * (7**levels - 4**levels) * m**2 + 7**levels * m**3
    if m == 1:
        assert net.synapses == 9 * 7**levels - 8 * 4**levels
    assert np.count_nonzero(cf.flatten(net).toarray().round(9)) == n**3


def test_one_level_pays_from_50() -> None:
    def one_level(n: int) -> int:
        return cf.algorithms.strassen(1, without_zeros(n)).synapses

    assert one_level(46) > 46**3
    assert one_level(48) == 48**3
    assert one_level(50) < 50**3


@pytest.mark.parametrize(
    ("levels", "N", "error", "match"),
    [
        (1, np.ones((3, 3)), ValueError, "N must have a size that 2\\^levels divides, got 3"),
        (1, np.ones((2, 3)), ValueError, "N must be square"),
        (0, np.ones((0, 0)), ValueError, "N must be square and not empty"),
        (10**9, np.ones((4, 4)), ValueError, "N must have a size"),
        (-1, np.ones((4, 4)), ValueError, "levels must be at least 0"),
        (1.0, np.ones((4, 4)), TypeError, "levels"),
        (1, np.ones(4), ValueError, "N must have 2 dimension"),
        (1, np.array([["a", "b"], ["c", "d"]]), TypeError, "N must be"),
    ],
)
def test_strassen_refuses(levels: Any, N: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        cf.algorithms.strassen(levels, N)
    with pytest.raises(ValueError, match="side must be one of"):
        cf.algorithms.strassen(1, np.ones((2, 2)), "middle")  # type: ignore[arg-type]


@pytest.mark.parametrize("order", range(1, 21))
def test_filters_are_orthonormal_and_vanish_on_polynomials(order: int) -> None:
    taps = scaling_filter(order)
    assert len(taps) == 2 * order
    for shift in range(order):
        product = taps[2 * shift :] @ taps[: len(taps) - 2 * shift]
        assert abs(product - (shift == 0)) < (1e-14 if order <= 10 else 1e-11)
    details = taps[::-1] * (-1.0) ** np.arange(2 * order)
    for moment in range(min(order, 4)):  # higher moments drown in the rounding of large powers
        assert abs(details @ np.linspace(0, 1, 2 * order) ** moment) < 1e-8


def test_filter_of_order_two_is_known_in_closed_form() -> None:
    r = math.sqrt(3)
    exact = np.array([1 + r, 3 + r, 3 - r, 1 - r]) / (4 * math.sqrt(2))
    np.testing.assert_allclose(scaling_filter(2), exact, atol=1e-15)


@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize(("n", "order"), [(1, 2), (2, 2), (4, 3), (16, 2), (64, 6), (32, 10)])
def test_transform_is_orthogonal(n: int, order: int, copies: bool) -> None:
    net = cf.algorithms.daubechies(n, order, copies)
    W = net.toarray()
    np.testing.assert_allclose(W @ W.T, np.eye(n), atol=1e-12)
    assert net.depth == max(1, n.bit_length() - 1)
    if n >= 2:
        np.testing.assert_allclose(W @ np.ones(n), [math.sqrt(n)] + [0] * (n - 1), atol=1e-9)


def test_order_one_is_haar() -> None:
    for copies in (True, False):
        ours, haar = cf.algorithms.daubechies(32, 1, copies), cf.algorithms.haar(32, copies)
        assert ours.synapses == haar.synapses
        np.testing.assert_allclose(ours.toarray(), haar.toarray(), atol=1e-15)


def test_synapses_of_a_level_without_wrapping() -> None:
    net = cf.algorithms.daubechies(256, 3)
    assert [layer.synapses for layer in net][:3] == [6 * 256, 6 * 128 + 128, 6 * 64 + 192]
    bare = cf.algorithms.daubechies(256, 3, copies=False)
    assert [layer.synapses for layer in bare][:3] == [6 * 256, 6 * 128, 6 * 64]


@pytest.mark.parametrize(
    ("n", "order", "match"),
    [
        (12, 2, "n must be a power of two"),
        (8, 0, "order must be"),
        (8, 21, "order must be at"),
    ],
)
def test_daubechies_refuses(n: int, order: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        cf.algorithms.daubechies(n, order)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 5), (4, 3), (16, 32)])
def test_monarch(a: int, b: int, dtype: str) -> None:
    net = cf.algorithms.monarch(a, b, rng=3, dtype=dtype)
    assert (net.shape, net.depth, net.dtype) == ((a * b, a * b), 2, np.dtype(dtype))
    assert (net.synapses, cf.synapse_count(net)) == (a * b * (a + b), (a * b) ** 2)
    rows, columns = (np.asarray(layer.to_csr().toarray()) for layer in net)
    x = np.random.default_rng(0).standard_normal((a, b))
    within_rows = (rows @ x.ravel()).reshape(a, b)
    np.testing.assert_allclose(net @ x.ravel(), columns @ within_rows.ravel(), rtol=1e-3)
    changed = x.copy()
    changed[0] += 1  # only row 0 of the array may change in the first layer
    moved = (rows @ changed.ravel()).reshape(a, b) != within_rows
    assert moved[0].all()
    assert not moved[1:].any()


def test_monarch_refuses() -> None:
    with pytest.raises(ValueError, match="a must be at least 1"):
        cf.algorithms.monarch(0, 3)
    with pytest.raises(TypeError, match="b must be an integer"):
        cf.algorithms.monarch(3, 2.5)  # type: ignore[arg-type]
    with pytest.raises(MemoryError, match="monarch"):
        cf.algorithms.monarch(2**20, 2**20)
