"""The sparse product: against scipy and dense arrays, all types, any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from cheapfast import _core
from cheapfast.plan.product import multiply
from interrupting import PATIENCE, posix_only, seconds_until_interrupted

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)


def matrix(
    rng: np.random.Generator, shape: tuple[int, int], density: float, dtype: Any
) -> sp.csr_array:
    """Return a random canonical matrix of small integers, so that sums are exact and may cancel."""
    values = rng.integers(-2, 3, shape).astype(dtype)
    if np.issubdtype(dtype, np.complexfloating):
        values = values + 1j * rng.integers(-2, 3, shape)
    dense = np.where(rng.random(shape) < density, values, 0).astype(dtype)
    return sp.csr_array(dense)


def assert_canonical(product: sp.csr_array) -> None:
    for row in range(product.shape[0]):
        columns = product.indices[product.indptr[row] : product.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()
    assert np.count_nonzero(product.data) == product.nnz


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("sizes", "density"),
    [
        ((0, 4, 5), 0.5),
        ((4, 0, 5), 0.5),
        ((4, 5, 0), 0.5),
        ((1, 1, 1), 1.0),
        ((700, 90, 2000), 0.01),
        ((600, 40, 300), 0.3),
        ((64, 65, 63), 1.0),
    ],
)
def test_equals_the_dense_product(
    dtype: Any, index: Any, threads: int, sizes: tuple[int, int, int], density: float
) -> None:
    rng = np.random.default_rng(1)
    left = matrix(rng, sizes[:2], density, dtype)
    right = matrix(rng, sizes[1:], density, dtype)
    for operand in (left, right):
        operand.indptr, operand.indices = (
            operand.indptr.astype(index),
            operand.indices.astype(index),
        )
    product = multiply(left, right, threads)
    assert product.dtype == dtype
    assert_canonical(product)
    np.testing.assert_array_equal(product.toarray(), left.toarray() @ right.toarray())


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.tuples(*[st.integers(0, 30)] * 3),
    density=st.sampled_from([0.05, 0.3, 1.0]),
    dtypes=st.tuples(*[st.sampled_from(DTYPES)] * 2),
)
def test_mixed_types(
    seed: int, sizes: tuple[int, int, int], density: float, dtypes: tuple[Any, Any]
) -> None:
    rng = np.random.default_rng(seed)
    left = matrix(rng, sizes[:2], density, dtypes[0])
    right = matrix(rng, sizes[1:], density, dtypes[1])
    product = multiply(left, right)
    assert product.dtype == np.result_type(*dtypes)
    assert_canonical(product)
    np.testing.assert_array_equal(product.toarray(), left.toarray() @ right.toarray())


def test_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(2)
    left = sp.random(3000, 2000, 0.01, format="csr", random_state=rng)
    right = sp.random(2000, 2500, 0.01, format="csr", random_state=rng)
    one, many = multiply(left, right, 1), multiply(left, right, 4)
    np.testing.assert_array_equal(one.indptr, many.indptr)
    np.testing.assert_array_equal(one.indices, many.indices)
    np.testing.assert_array_equal(one.data, many.data)


def test_nan_and_infinity_are_entries() -> None:
    left = sp.csr_array(np.array([[np.nan, 0.0], [np.inf, 1.0], [0.0, 0.0]]))
    right = sp.csr_array(np.array([[1.0, 0.0], [np.inf, -np.inf]]))
    product = multiply(left, right).toarray()
    np.testing.assert_array_equal(product, [[np.nan, 0], [np.inf, -np.inf], [0, 0]])


def test_memory_is_refused_before_it_is_taken() -> None:
    eye = (3, 3, np.arange(4), np.arange(3), np.ones(3))
    with pytest.raises(MemoryError, match="limit of 20 bytes"):
        _core.multiply(eye, eye, 1, 20, None)


@pytest.mark.parametrize(
    ("left", "error", "message"),
    [
        ((3, 2, np.zeros(4, int), np.zeros(0, int), np.zeros(0)), ValueError, "do not chain"),
        (
            (3, 3, np.zeros(4, np.int32), np.zeros(0, np.int32), np.zeros(0)),
            TypeError,
            "same index and value types",
        ),
        (
            (3, 3, np.zeros(4, int), np.zeros(0, int), np.zeros(0, np.float32)),
            TypeError,
            "same index and value types",
        ),
    ],
)
def test_operands_must_match(left: Any, error: type[Exception], message: str) -> None:
    eye = (3, 3, np.arange(4), np.arange(3), np.ones(3))
    with pytest.raises(error, match=message):
        _core.multiply(left, eye, 1, 1 << 30, None)


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_stops_a_long_product(threads: int) -> None:
    setup = """
        import numpy as np
        from cheapfast import _core
        from test_core import PLENTY, long_chain
        matrix = long_chain(1)[0]
        matrix = (*matrix, np.ones(len(matrix[3])))"""
    call = f"_core.multiply(matrix, matrix, {threads}, 16 * PLENTY, None)"
    assert seconds_until_interrupted(setup, call) < PATIENCE
