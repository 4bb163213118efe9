"""Convolution agrees with scipy.signal and with its definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

import references
from cheapfast.layers import Convolution
from cheapfast.support import (
    ConvolutionSupport,
    EmptySupport,
    KroneckerSupport,
    compose,
)

SHAPES = [
    ((1,), (1,)),
    ((3,), (7,)),
    ((4,), (7,)),
    ((9,), (4,)),
    ((2, 3), (4, 5)),
    ((2, 1, 2), (3, 2, 4)),
]


def grid(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(("kernel", "shape"), SHAPES)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_agrees_with_scipy_signal(kernel, shape, mode):
    h, x = grid(kernel, 1), grid(shape, 2)
    layer = Convolution(h, shape, mode)
    expected = signal.convolve(x, h, mode, method="direct")
    assert layer.out_shape == expected.shape
    result = layer.apply(x.reshape(-1, 1)).reshape(expected.shape)
    np.testing.assert_allclose(result, expected, atol=1e-13)


@pytest.mark.parametrize(("kernel", "shape"), SHAPES)
def test_circular_is_anchored_at_index_0(kernel, shape):
    h, x = grid(kernel, 1), grid(shape, 2)
    layer = Convolution(h, shape)
    assert layer.circular
    expected = np.zeros(shape)
    for t in np.ndindex(*kernel):
        expected += h[t] * np.roll(x, t, axis=tuple(range(len(shape))))
    np.testing.assert_allclose(layer.apply(x.reshape(-1, 1)).reshape(shape), expected, atol=1e-13)
    if all(k <= n for k, n in zip(kernel, shape, strict=True)):
        centre = tuple(-(k // 2) for k in kernel)
        wrapped = ndimage.convolve(x, h, mode="wrap", origin=centre)
        np.testing.assert_allclose(expected, wrapped, atol=1e-13)


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [((80,), (100,)), ((200,), (30,)), ((9, 10), (20, 11)), ((3, 5, 6), (6, 7, 8))],
)
@pytest.mark.parametrize("mode", ["circular", "full", "same", "valid"])
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_long_kernels_by_fft(kernel, shape, mode, dtype):
    h = grid(kernel, 1).astype(dtype)
    layer = Convolution(h, shape, mode)
    X = grid((math.prod(shape), 2), 2).astype(dtype)
    matrix = layer.to_csr()
    atol = 100 * np.finfo(dtype).eps * np.abs(h).sum()
    np.testing.assert_allclose(layer.apply(X), matrix @ X, rtol=0, atol=atol)
    Y = grid((layer.shape[0], 2), 3).astype(dtype)
    np.testing.assert_allclose(layer.H.apply(Y), matrix.conj().T @ Y, rtol=0, atol=atol)


def test_nan_stays_local():
    kernel = np.ones(70)
    x = np.ones((500, 1))
    x[0] = np.nan
    y = Convolution(kernel, 500, "full").apply(x)
    assert np.isnan(y[:70]).all()
    assert np.isfinite(y[70:]).all()


@settings(max_examples=300)
@given(st.data())
def test_support_equals_the_definition(data):
    shape = data.draw(st.sampled_from([(1,), (2,), (7,), (3, 4), (1, 5), (2, 3, 2)]))
    sizes = [data.draw(st.integers(1, 5)) for _ in shape]
    mode = data.draw(st.sampled_from(["circular", "full", "same", "valid"]))
    if mode == "valid":
        sizes = [min(k, n) for k, n in zip(sizes, shape, strict=True)]
    # Small integers: circular kernels that wrap may cancel, as they must.
    entries = data.draw(
        st.lists(st.integers(-2, 2), min_size=math.prod(sizes), max_size=math.prod(sizes))
    )
    kernel = np.array(entries, dtype=float).reshape(sizes)
    layer = Convolution(kernel, shape, mode)
    expected = references.convolution_matrix(kernel, shape, mode)
    np.testing.assert_array_equal(layer.to_csr().toarray(), expected)
    np.testing.assert_array_equal(layer.T.to_csr().toarray(), expected.T)
    for turned, matrix in ((layer, expected), (layer.T, expected.T)):
        written = turned.support.to_csr()
        pattern = references.csr_pattern(written.shape, written.indptr, written.indices)
        np.testing.assert_array_equal(pattern, matrix != 0)
        assert turned.synapses == np.count_nonzero(matrix)


@settings(max_examples=300)
@given(st.data())
def test_products_of_convolutions_are_exact(data):
    shape = data.draw(st.sampled_from([(1,), (6,), (9,), (3, 4)]))
    modes = st.sampled_from(["circular", "full", "same", "valid"])
    product, expected = None, None
    for _ in range(3):
        mode = data.draw(modes)
        sizes = [data.draw(st.integers(1, 4)) for _ in shape]
        if mode == "valid":
            sizes = [min(k, n) for k, n in zip(sizes, shape, strict=True)]
        kernel = data.draw(
            st.lists(st.booleans(), min_size=math.prod(sizes), max_size=math.prod(sizes))
        )
        layer = Convolution(np.array(kernel, dtype=float).reshape(sizes), shape, mode)
        pattern = references.convolution_matrix(layer.kernel, shape, mode) != 0
        if product is None:
            product, expected = layer.support, pattern
        else:
            product = compose(layer.support, product)
            expected = references.boolean_product(pattern, expected)
        if product is None:
            return
        written = product.to_csr()
        np.testing.assert_array_equal(
            references.csr_pattern(written.shape, written.indptr, written.indices), expected
        )
        shape = layer.out_shape


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.product(["full", "same", "valid"], repeat=2))
)
def test_dense_kernels_always_compose(first, second):
    inner = Convolution(np.ones((3, 2)), (9, 8), first)
    outer = Convolution(np.ones((2, 4)), inner.out_shape, second)
    assert compose(outer.support, inner.support) is not None


def test_simplest_support():
    assert Convolution([2.0], 5).support == KroneckerSupport.identity(5)
    assert Convolution([0.0, 0.0], 5).support == EmptySupport((5, 5))
    assert Convolution(np.ones(5), 5).support == KroneckerSupport.dense(5, 5)
    assert isinstance(Convolution([1.0, 1.0], 5, "same").support, ConvolutionSupport)


def test_circular_kernel_wraps_before_it_is_counted():
    layer = Convolution([1.0, 2.0, 3.0, -1.0], 3)
    np.testing.assert_array_equal(layer.kernel, [0.0, 2.0, 3.0])
    assert layer.synapses == 6


@pytest.mark.parametrize("mode", ["circular", "full", "same", "valid"])
def test_empty_input(mode):
    layer = Convolution([1.0, 2.0], 0, mode)
    assert layer.shape == (0, 0)
    assert layer.support == EmptySupport((0, 0))
    assert layer.apply(np.ones((0, 3))).shape == (0, 3)
    assert layer.T.to_csr().shape == (0, 0)


def test_kernel_is_copied():
    kernel = np.array([1.0, 2.0])
    layer = Convolution(kernel, 3)
    kernel[:] = 0
    assert layer.kernel.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel[0] = 0


def test_sizes_of_2_to_the_60():
    n = 2**60
    layer = Convolution([1.0, 2.0, 1.0], n, "same")
    assert layer.synapses == 3 * n - 2
    assert compose(layer.support, layer.support).nnz == 5 * n - 6
    assert layer.T.synapses == layer.synapses


@pytest.mark.parametrize(
    ("kernel", "shape", "mode", "error", "message"),
    [
        ([], 3, "full", ValueError, "kernel must not be empty"),
        ([[1.0]], 3, "full", ValueError, "one dimension for each"),
        (1.0, (), "full", ValueError, "one dimension for each"),
        ([1.0], -1, "full", ValueError, "shape must be at least 0"),
        ([1.0], 2.5, "full", TypeError, "shape must be"),
        ([1.0], 3, "wrap", ValueError, "mode must be one of"),
        ([1.0], 3, None, TypeError, "mode must be one of"),
        (np.ones((2, 5)), (4, 4), "valid", ValueError, "fits into the shape"),
        (["a"], 3, "full", TypeError, "kernel must be"),
    ],
)
def test_wrong_arguments(kernel, shape, mode, error, message):
    with pytest.raises(error, match=message):
        Convolution(kernel, shape, mode)


def test_non_finite_kernel_warns():
    with pytest.warns(UserWarning, match="kernel holds 1 NaN") as caught:
        layer = Convolution([np.nan, 1.0], 3)
    assert caught[0].filename == __file__
    assert layer.synapses == 6
    assert layer.T.synapses == 6  # and no second warning


def test_a_saved_state_is_checked():
    state = Convolution([1.0], 3).state()
    with pytest.raises(ValueError, match="one length"):
        Convolution.from_state({**state, "start": (0, 0)})
