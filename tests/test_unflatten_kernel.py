"""Splitting into blocks of rank one: the kernel and the recursion against dense brute force."""

from __future__ import annotations

import math
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
    factorize_crosses,
    pattern_synapses,
)
from cheapfast.flattening.unflatten.crosses import crosses
from cheapfast.flattening.unflatten.preparing import make_problem
from cheapfast.flattening.unflatten.verify import error_of_factors, relative_error
from references import kronecker_chain

Array = npt.NDArray[Any]
DTYPES = strategies.DTYPES


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


def random_factors(
    pairs: list[tuple[int, int]], rng: np.random.Generator, dtype: str
) -> tuple[Order, list[Array]]:
    """Return a random order of rows and columns, and factors with the radices of `pairs`."""
    p, k = (tuple(radices) for radices in zip(*pairs, strict=True))
    values = []
    a, d = 1, math.prod(p)
    for row, column in pairs:
        d //= row
        values.append(numbers(rng, (a, row, column, d), dtype))
        a *= column
    rows, columns = rng.permutation(math.prod(p)), rng.permutation(math.prod(k))
    return Order(p, k, rows.astype(np.int64), columns.astype(np.int64)), values


def in_order(order: Order, product: Array) -> Array:
    """Put the rows and columns of a product of factors where the order says."""
    matrix = np.empty_like(product)
    matrix[np.ix_(order.rows, order.columns)] = product
    return matrix


@settings(max_examples=100, deadline=None)
@given(pairs=patterns(), rng=strategies.rngs(), dtype=st.sampled_from(DTYPES))
def test_factors_multiply_to_the_matrix(
    pairs: list[tuple[int, int]], rng: np.random.Generator, dtype: str
) -> None:
    order, values = random_factors(pairs, rng, dtype)
    p, k, rows, columns = order.row_radices, order.column_radices, order.rows, order.columns
    matrix = in_order(order, kronecker_chain(values))
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


@settings(max_examples=100, deadline=None)
@given(
    pairs=patterns().filter(lambda pairs: len(pairs) > 1),
    rng=strategies.rngs(),
    dtype=st.sampled_from(DTYPES),
    noise=st.sampled_from([0.0, 1e-5, 1.0]),
)
def test_error_of_factors_is_that_of_the_network(
    pairs: list[tuple[int, int]], rng: np.random.Generator, dtype: str, noise: float
) -> None:
    order, values = random_factors(pairs, rng, dtype)
    product = in_order(order, kronecker_chain(values))
    matrix = product + (noise * numbers(rng, product.shape, dtype)).astype(dtype)
    problem, _ = make_problem(matrix, 1e-12, rng, 2)
    error = error_of_factors(problem, order, values)
    network = as_network(values, order.rows, order.columns)
    assert error == pytest.approx(relative_error(network, matrix, problem.norm, 1), rel=1e-3)
    double = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    exact = in_order(order, kronecker_chain([v.astype(double) for v in values]))
    expected = np.linalg.norm(matrix - exact) / np.linalg.norm(matrix)
    assert error == pytest.approx(expected, rel=1e-3, abs=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("radices", [(2,) * 9, (3, 5, 2, 7), (20, 25), (1, 64), (64, 1)])
def test_error_of_factors_in_the_orders_of_digits(
    target: str, dtype: str, reverse: bool, radices: tuple[int, ...]
) -> None:
    """Runs of columns in memory: neighbours in one group, in neighbouring groups, or neither."""
    rng = np.random.default_rng(len(radices))
    order, values = random_factors([(p, p) for p in radices], rng, dtype)
    natural = np.arange(math.prod(radices))
    columns = natural.reshape(radices[::-1]).transpose().reshape(-1) if reverse else natural
    order = Order(radices, radices, natural, columns)
    matrix = in_order(order, kronecker_chain(values))
    problem, _ = make_problem(matrix, 1e-12, rng, 1)
    eps = float(np.finfo(dtype).eps)
    assert error_of_factors(problem, order, values) <= 8 * eps
    changed = matrix.copy()
    changed[-1, -1] += problem.norm / 100
    problem, _ = make_problem(changed, 1e-12, rng, 1)
    # BLAS adds 250,000 squares up in the precision of the matrix: three digits on some machines
    double = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    expected = np.linalg.norm((changed - matrix).astype(double))
    expected /= np.linalg.norm(changed.astype(double))
    assert error_of_factors(problem, order, values) == pytest.approx(expected, rel=1e-4)
    assert _core.ran() == {
        f"distance.{dtype}": target,
        f"squares.{dtype}": target,
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_distances_do_not_depend_on_threads(dtype: str) -> None:
    rng = np.random.default_rng(8)
    order, values = random_factors([(16, 16), (18, 18)], rng, dtype)
    matrix = numbers(rng, (288, 288), dtype)
    errors, norms = set(), set()
    for threads in (1, 2, 5):
        problem, _ = make_problem(matrix, 1e-12, rng, threads)
        norms.add(problem.norm)
        errors.add(error_of_factors(problem, order, values))
    assert len(errors) == len(norms) == 1


def test_squared_distance_refuses_what_does_not_fit() -> None:
    good = [np.ones((4, 6)), np.arange(4), np.ones((1, 4, 3)), np.ones((1, 2, 6)), np.zeros(2, int)]
    call = [*good[:4], good[4].astype(np.int64)]
    assert _core.squared_distance(*call, False, 1) == 0
    for place, value, message in [
        (0, np.ones(6), "two dimensions"),
        (0, np.asfortranarray(np.ones((4, 6))), "C order"),
        (1, np.arange(4) + 1, "out of range"),
        (2, np.ones((4, 3)), "three dimensions"),
        (2, np.ones((2, 4, 3)), "left"),
        (2, np.ones((1, 4, 3), np.float32), "left"),
        (3, np.ones((1, 2, 5)), "right"),
        (3, np.ones((1, 3, 6)), "groups of rows"),
        (4, np.zeros(4, np.int64), "runs"),
        (4, np.ones(2, np.int64), "out of range"),
    ]:
        bad = [*call[:place], value, *call[place + 1 :]]
        with pytest.raises(ValueError, match=message):
            _core.squared_distance(*bad, False, 1)
    assert _core.squared_distance(*call[:4], np.full(2, 2, np.int64), True, 1) == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, 1, 7, 17, 8191, 8193, 70_000])
def test_measure(target: str, dtype: str, size: int) -> None:
    rng = np.random.default_rng(size)
    data = numbers(rng, (size + 1,), dtype)
    data[rng.random(size + 1) < 0.1] = 0
    data = data[1:]  # not where a register would like it to be
    data.flags.writeable = False
    zeros, non_finite, squares = _core.measure(data, 2)
    assert (zeros, non_finite) == (np.count_nonzero(data == 0), 0)
    exact = math.fsum(x * x for part in (data.real, data.imag) for x in part.astype(float).tolist())
    assert squares == pytest.approx(exact, rel=1e-13)
    assert _core.ran() == {f"squares.{dtype}": target}
    if size:
        bad = data.copy()
        bad[-1] = np.nan
        assert _core.measure(bad, 1)[1] == 1
        assert math.isnan(_core.measure(bad, 1)[2])


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 4),
    rng=strategies.rngs(),
    dtype=st.sampled_from(DTYPES),
)
def test_crosses_of_blocks_of_rank_one_are_these_blocks(
    shape: tuple[int, int, int, int], rng: np.random.Generator, dtype: str
) -> None:
    p, m, k, w = shape
    rows, columns = rng.permutation(p * m).reshape(p, m), rng.permutation(k * w).reshape(k, w)
    left, right = numbers(rng, (m, p, k), dtype), numbers(rng, (k, m, w), dtype)
    right[rng.random((k, m)) < 0.2] = 0
    matrix = np.empty((p * m, k * w), dtype)
    for i2 in range(m):
        for j1 in range(k):
            matrix[np.ix_(rows[:, i2], columns[j1])] = np.outer(left[i2, :, j1], right[j1, i2])
    u, v = crosses(matrix, rows, columns)
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, rtol=1e-5)
    eps = float(np.finfo(dtype).eps)
    for i2 in range(m):
        for j1 in range(k):
            block = matrix[np.ix_(rows[:, i2], columns[j1])]
            np.testing.assert_allclose(
                np.outer(u[i2, :, j1], v[j1, i2]),
                block,
                rtol=0,
                atol=32 * eps * np.abs(block).max(),
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_crosses_are_enough_for_exact_matrices(dtype: str) -> None:
    rng = np.random.default_rng(2)
    order, values = random_factors([(4, 4)] * 4, rng, dtype)
    values = [value / np.abs(value) for value in values]
    matrix = in_order(order, kronecker_chain(values))
    problem, _ = make_problem(matrix, 1e-12, rng, 1)
    _core.clear_ran()
    error = error_of_factors(problem, order, factorize_crosses(problem, order))
    assert error <= 4 * float(np.finfo(dtype).eps)


def test_crosses_of_what_cannot_be_split_are_refused_or_far_off() -> None:
    rng = np.random.default_rng(4)
    order, _ = random_factors([(4, 4)] * 4, rng, "float64")
    problem, _ = make_problem(rng.standard_normal((256, 256)), 1e-12, rng, 1)
    with pytest.raises(NoSplitError):
        factorize_crosses(problem, order)
    order, _ = random_factors([(16, 16)] * 2, rng, "float64")
    assert error_of_factors(problem, order, factorize_crosses(problem, order)) > 0.1


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
