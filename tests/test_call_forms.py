"""Calls that are no plain ones: other types, other layouts, more axes. Compared with plain ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from operands import normal

Array = npt.NDArray[Any]
N = 16


def random_csr(shape: tuple[int, int], dtype: str) -> Any:
    rng = np.random.default_rng(1)
    return sparse.csr_array(normal(rng, shape, dtype) * (rng.random(shape) < 0.3))


NETWORKS = {
    "csr": lambda dtype: cf.Network([cf.Sparse(random_csr((9, N), dtype), bias=np.arange(9.0))]),
    "chain": lambda dtype: cf.Network([random_csr((20, N), dtype), random_csr((5, 20), dtype)]),
    "transposed": lambda dtype: cf.chain(random_csr((N, 11), dtype)).T,
    "butterfly": lambda dtype: cf.algorithms.butterfly(N, 1, dtype),
    "hadamard": lambda dtype: cf.algorithms.hadamard(N).astype(dtype),
    "mixed": lambda dtype: cf.Network(
        [random_csr((N, N), "f4"), cf.algorithms.butterfly(N, 1, dtype)]
    ),
    "permuted": lambda dtype: cf.Network(
        [cf.Permutation(np.arange(N)[::-1]), random_csr((3, N), dtype)]
    ),
}
OPERANDS = ("f4", "f8", "c8", "c16", "i1", "u8", "?", "f2", ">f8", ">c8")
PROMOTED = {"f2": "f4", "i1": "f8", "u8": "f8", "b1": "f8"}
CASES = list(itertools.product(NETWORKS, ("f4", "f8", "c8", "c16")))


def operand(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    numbers = 3 * normal(rng, shape, "c16" if np.dtype(dtype).kind == "c" else "f8")
    # negative numbers have no value without a sign: processors differ in what they make of them
    return (np.abs(numbers) if np.dtype(dtype).kind == "u" else numbers).astype(dtype)


def assert_same(net: cf.Network, X: Array, axis: int) -> None:
    """Compare with the matrix itself, in double precision; and the second call with the first."""
    result = net.apply(X, axis=axis)
    rest = X.shape[:axis] + X.shape[axis + 1 :] if axis >= 0 else X.shape[:-1]
    columns = np.moveaxis(X, axis, 0).reshape(N, int(np.prod(rest)))
    expected = columns.astype(np.result_type(X.dtype, "c16" if X.dtype.kind == "c" else "f8"))
    for layer in net:
        expected = layer.to_csr() @ expected
        if layer.bias is not None:
            expected = expected + layer.bias[:, np.newaxis]
    expected = np.moveaxis(expected.reshape(net.shape[0], *rest), 0, axis)
    promoted = np.dtype(PROMOTED.get(X.dtype.str[-2:], X.dtype.newbyteorder("=")))
    assert result.dtype == np.result_type(net.dtype, promoted)
    assert result.shape == expected.shape
    limit = 200 * np.finfo(result.dtype).eps * np.abs(expected).max(initial=1)
    assert np.abs(result - expected).max(initial=0) <= limit
    np.testing.assert_array_equal(net.apply(X, axis=axis, threads=2), result)
    out = np.empty_like(result)
    assert net.apply(X, out=out, axis=axis) is out
    # written through a layout of its own, a result may come from another kernel
    assert np.abs(out - result).max(initial=0) <= limit
    gaps = np.zeros((*result.shape[:-1], 2 * result.shape[-1]), result.dtype)[..., ::2]
    assert net.apply(X, out=gaps, axis=axis) is gaps
    assert np.abs(gaps - result).max(initial=0) <= limit


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_types_and_layouts_of_two_axes(name: str, dtype: str) -> None:
    net, rng = NETWORKS[name](dtype), np.random.default_rng(2)
    for kind, k in itertools.product(OPERANDS, (1, 5, 40)):
        X = operand(rng, (N, k), kind)
        assert_same(net, X, 0)
        assert_same(net, np.asfortranarray(X), 0)
        assert_same(net, np.ascontiguousarray(X.T), 1)
        assert_same(net, X.T, -1)
        assert_same(net, np.repeat(X, 2, axis=1)[:, ::2], 0)
        assert_same(net, X[:, 0], 0)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_number_of_axes(data: st.DataObject) -> None:
    name, dtype = data.draw(st.sampled_from(CASES))
    before = data.draw(st.lists(st.sampled_from((0, 1, 2, 3)), max_size=2))
    after = data.draw(st.lists(st.sampled_from((0, 1, 2, 7)), max_size=2))
    if data.draw(st.booleans()) and after:
        after[-1] = 130  # matrices that are worth a call of their own
    shape = (*before, N, *after)
    X = operand(np.random.default_rng(3), shape, data.draw(st.sampled_from(OPERANDS)))
    order = data.draw(st.permutations(range(len(shape))))
    if data.draw(st.booleans()):  # the same numbers in memory in another order
        X = np.ascontiguousarray(X.transpose(order)).transpose(np.argsort(order))
    assert_same(NETWORKS[name](dtype), X, len(before))


@pytest.mark.parametrize("k", [1, 3, 200])
def test_a_stack_of_matrices_follows_matmul(k: int) -> None:
    net = cf.algorithms.butterfly(N, 1)
    X = np.random.default_rng(4).standard_normal((2, 3, N, k))
    np.testing.assert_allclose(net @ X, net.toarray() @ X, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        np.swapaxes(X, 2, 3) @ net, np.swapaxes(X, 2, 3) @ net.toarray(), rtol=1e-12, atol=1e-12
    )


def test_results_that_overlap_the_operand() -> None:
    net = cf.algorithms.butterfly(N, 1)
    for shape, axis in (((N, 5), 0), ((5, N), 1), ((3, N, 150), 1), ((N, 4, 3), 0), ((3, 4, N), 2)):
        X = np.random.default_rng(5).standard_normal(shape)
        expected = net.apply(X, axis=axis)
        room = np.concatenate([X.ravel(), [0.0]])
        inside, shifted = room[:-1].reshape(shape), room[1:].reshape(shape)
        assert net.apply(inside, out=shifted, axis=axis) is shifted
        np.testing.assert_allclose(shifted, expected, rtol=1e-12, atol=1e-12)
        assert net.apply(X, out=X, axis=axis) is X
        np.testing.assert_allclose(X, expected, rtol=1e-12, atol=1e-12)


def test_real_vectors_through_complex_weights_stay_exact_where_layers_are_real() -> None:
    # only what comes after the real layer may turn an infinity into a NaN
    first = cf.Sparse(np.diag([1.0, 2.0]))
    net = cf.Network([first, cf.Sparse(np.array([[1.0, 0.0], [0.0, 1j]]))])
    with np.errstate(invalid="ignore"):
        result = net @ np.array([np.inf, 1.0])
    assert result[0].real == np.inf
    assert result[1] == 2j
