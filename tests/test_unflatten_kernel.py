"""Splitting into blocks of rank one: the kernel and the recursion against dense brute force."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from cheapfast import _core
from cheapfast.flattening.unflatten.butterfly import (
    NoSplitError,
    Order,
    as_network,
    factorize,
    pattern_synapses,
)
from cheapfast.flattening.unflatten.problem import make_problem
from references import kronecker_chain

Array = npt.NDArray[Any]
DTYPES = strategies.DTYPES


@pytest.fixture(params=_core.targets())
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test once per instruction set of this machine."""
    before = _core.active_target()
    _core.set_target(request.param)
    _core.clear_ran()
    yield request.param
    _core.set_target(before)


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def split(
    matrices: Array, rows: Array, columns: Array, d: int, p: int, k: int, threads: int = 1
) -> tuple[Array, Array, float, float]:
    batch, b, c = matrices.shape
    left = np.full((batch * (b // p), p, k), np.nan, matrices.dtype)
    right = np.full((batch * k, b // p, c // k), np.nan, matrices.dtype)
    residual, norm, complete = _core.split(
        matrices, rows, columns, (d, p, k), left, right, math.inf, threads, None
    )
    assert complete
    return left, right, residual, norm


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("a", "d", "p", "m", "k", "w"),
    [
        (1, 1, 1, 1, 1, 1),
        (1, 1, 3, 1, 1, 5),
        (2, 3, 4, 2, 3, 17),
        (1, 2, 2, 5, 7, 8),
        (1, 1, 9, 1, 33, 3),
        (3, 1, 16, 2, 2, 64),
        (1, 1, 1, 7, 5, 1),
        (1, 1, 70, 3, 2, 130),
    ],
)
def test_split_recovers_blocks_of_rank_one(
    target: str, dtype: str, a: int, d: int, p: int, m: int, k: int, w: int
) -> None:
    rng = np.random.default_rng(p * w + m)
    b, c, batch = p * m, k * w, a * d
    rows, columns = rng.permutation(b), rng.permutation(c)
    matrices = np.empty((batch, b, c), dtype)
    for g in range(batch):
        for i2 in range(m):
            for j1 in range(k):
                block = np.outer(numbers(rng, (p,), dtype), numbers(rng, (w,), dtype))
                at = np.ix_(rows[i2 * p : (i2 + 1) * p], columns[j1 * w : (j1 + 1) * w])
                matrices[g][at] = block
    matrices.flags.writeable = False
    left, right, residual, norm = split(matrices, rows, columns, d, p, k)
    assert _core.ran() == {f"split.{dtype}": target}
    tolerance = 100 * float(np.finfo(dtype).eps)
    assert norm == pytest.approx(float(np.sum(np.abs(matrices) ** 2)), rel=tolerance)
    assert residual <= tolerance * norm
    left, right = left.reshape(a, m, d, p, k), right.reshape(a, k, d, m, w)
    for ia in range(a):
        for id_ in range(d):
            for i2 in range(m):
                for j1 in range(k):
                    u, v = left[ia, i2, id_, :, j1], right[ia, j1, id_, i2]
                    at = np.ix_(rows[i2 * p : (i2 + 1) * p], columns[j1 * w : (j1 + 1) * w])
                    block = matrices[ia * d + id_][at]
                    assert np.linalg.norm(u) == pytest.approx(1, rel=tolerance)
                    np.testing.assert_allclose(
                        np.outer(u, v), block, rtol=0, atol=tolerance * np.abs(block).max()
                    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_split_fits_what_has_not_rank_one(target: str, dtype: str) -> None:
    rng = np.random.default_rng(5)
    matrices = numbers(rng, (1, 12, 20), dtype)
    matrices[0, :6, :10] = 0  # a block without any entry
    _, _, residual, norm = split(matrices, np.arange(12), np.arange(20), 1, 6, 2)
    blocks = matrices[0].reshape(2, 6, 2, 10).transpose(0, 2, 1, 3)
    singular = np.linalg.svd(blocks, compute_uv=False)
    least = float(np.sum(singular[..., 1:] ** 2))
    assert least <= residual * (1 + 1e-5)
    assert residual <= 1.05 * least
    assert norm == pytest.approx(float(np.sum(singular**2)), rel=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_split_does_not_depend_on_threads(dtype: str) -> None:
    rng = np.random.default_rng(8)
    matrices = numbers(rng, (1, 256, 288), dtype)
    rows, columns = rng.permutation(256), rng.permutation(288)
    one = split(matrices, rows, columns, 1, 16, 18, threads=1)
    many = split(matrices, rows, columns, 1, 16, 18, threads=5)
    assert all(np.array_equal(x, y) for x, y in zip(one, many, strict=True))


def test_split_gives_up_at_the_limit() -> None:
    matrices = np.random.default_rng(0).standard_normal((1, 64, 64))
    left, right = np.empty((8, 8, 8)), np.empty((8, 8, 8))
    everything = np.arange(64)
    call = (matrices, everything, everything, (1, 8, 8), left, right)
    assert _core.split(*call, 1e-3, 1, None)[2] is False
    assert _core.split(*call, 1e9, 1, None)[2] is True


def test_split_refuses_what_does_not_fit() -> None:
    matrices, everything = np.ones((1, 4, 6)), np.arange(6)
    left, right = np.empty((2, 2, 3)), np.empty((3, 2, 2))
    good = (matrices, np.arange(4), everything, (1, 2, 3), left, right, 1.0, 1, None)
    assert _core.split(*good)[2]
    for place, value, message in [
        (0, np.ones((4, 6)), "three dimensions"),
        (1, np.arange(4) + 1, "out of range"),
        (1, np.arange(3), "int64, 4"),
        (2, everything.astype(np.int32), "int64, 6"),
        (3, (1, 3, 3), "divide"),
        (4, np.empty((2, 2, 2)), "left"),
        (5, np.empty((3, 2, 2), np.float32), "right"),
    ]:
        bad = (*good[:place], value, *good[place + 1 :])
        with pytest.raises(ValueError, match=message):
            _core.split(*bad)


@st.composite
def patterns(draw: Any) -> list[tuple[int, int]]:
    """Radices of the rows and columns of up to five factors, ones among them."""
    radix = st.integers(1, 4)
    return draw(st.lists(st.tuples(radix, radix), min_size=1, max_size=5))


@settings(max_examples=100, deadline=None)
@given(pairs=patterns(), rng=strategies.rngs(), dtype=st.sampled_from(DTYPES))
def test_factors_multiply_to_the_matrix(
    pairs: list[tuple[int, int]], rng: np.random.Generator, dtype: str
) -> None:
    p, k = (tuple(radices) for radices in zip(*pairs, strict=True))
    values = []
    a, d = 1, math.prod(p)
    for row, column in pairs:
        d //= row
        values.append(numbers(rng, (a, row, column, d), dtype))
        a *= column
    rows, columns = rng.permutation(math.prod(p)), rng.permutation(math.prod(k))
    matrix = np.empty((len(rows), len(columns)), dtype)
    matrix[np.ix_(rows, columns)] = kronecker_chain(values)
    order = Order(p, k, rows, columns)
    problem, exponent = make_problem(matrix, 1e-12, rng, 2)
    assert exponent == 0
    factors = factorize(problem, order)
    assert [f.shape for f in factors] == [v.shape for v in values]
    assert order.synapses == pattern_synapses(p, k) == sum(v.size for v in values)
    network = as_network(factors, rows, columns)
    assert network.synapses <= order.synapses
    eps = float(np.finfo(dtype).eps)
    product = network.toarray()
    assert np.linalg.norm(product - matrix) <= 200 * eps * np.linalg.norm(matrix)


def test_factorize_refuses_blocks_of_higher_rank() -> None:
    rng = np.random.default_rng(1)
    problem, _ = make_problem(rng.standard_normal((16, 16)), 1e-12, rng, 1)
    order = Order((4, 4), (4, 4), np.arange(16), np.arange(16))
    with pytest.raises(NoSplitError):
        factorize(problem, order)


def test_weights_keep_columns_that_matter_apart_from_those_that_do_not() -> None:
    """Noise in columns that carry nothing must not decide about the fits of those that do."""
    rng = np.random.default_rng(3)
    p = (2,) * 6
    a, d, values = 1, 64, []
    for _ in p:
        d //= 2
        factor = rng.standard_normal((a, 2, 2, d)) * 10.0 ** rng.uniform(-6, 0, (a, 1, 2, d))
        values.append(factor)
        a *= 2
    matrix = kronecker_chain(values)
    matrix = matrix + 1e-9 * np.linalg.norm(matrix) / 64 * rng.standard_normal(matrix.shape)
    problem, _ = make_problem(matrix, 1e-8, rng, 1)
    order = Order(p, p, np.arange(64), np.arange(64))
    network = as_network(factorize(problem, order), None, None)
    error = np.linalg.norm(network.toarray() - matrix) / np.linalg.norm(matrix)
    assert error <= 3e-9
