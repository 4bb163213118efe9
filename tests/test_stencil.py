"""Convolutions of few weights in a network: the sparse kernel against the layer's own sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
from operands import DTYPES, LAYOUTS, Array, normal, placed

MODES = ("circular", "full", "same", "valid")


def kernels_of(net: cf.Network) -> list[str]:
    return [step.kernel for step in net.explain().passes]


def assert_convolves(layer: cf.Convolution, X: Array, kernel: str = "stencil") -> None:
    """Compare with the layer by itself: its weights are added in another order."""
    net = cf.Network([layer])
    assert kernels_of(net) == [kernel]
    result, expected = net.apply(X, threads=1), layer.apply(X)
    assert result.dtype == expected.dtype
    # as many terms of some units as there are weights, each rounded twice
    limit = 4 * (layer.kernel.size + 2) * np.finfo(result.dtype).eps
    size = cf.Convolution._from_parts(
        np.abs(layer.kernel), layer.in_shape, layer.out_shape, layer._start, layer.circular, None
    ).apply(np.abs(X))
    size = size + (0 if layer.bias is None else np.abs(layer.bias)[:, np.newaxis])
    assert np.all(np.abs(result - expected) <= limit * size)
    np.testing.assert_array_equal(net.apply(X, threads=2), result)
    rows = np.ascontiguousarray(X.T)
    np.testing.assert_array_equal(net(rows), result.T)
    np.testing.assert_array_equal(net(rows), result.T)  # a plain call


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_and_layout(target: str, mode: str, dtype: Any) -> None:
    rng = np.random.default_rng(1)
    layer = cf.Convolution(normal(rng, (3, 2), dtype), (5, 6), mode)
    layer = cf.Convolution(layer.kernel, (5, 6), mode, bias=normal(rng, layer.shape[:1], dtype))
    for columns in (1, 3, 17):
        for layout in LAYOUTS:
            assert_convolves(layer, placed(normal(rng, (30, columns), dtype), layout))
    turned = cf.Convolution(normal(rng, (3, 2), dtype), (5, 6), mode)
    for other in (turned.T, turned.H):
        assert_convolves(other, normal(rng, (other.shape[1], 4), dtype))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_convolution(data: st.DataObject) -> None:
    dimensions = data.draw(st.integers(1, 3))
    sizes = st.tuples(*[st.integers(1, 5)] * dimensions)
    shape, kernel_shape = data.draw(sizes), data.draw(sizes)
    mode = data.draw(st.sampled_from(MODES[:3]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    kernel = rng.integers(-2, 3, kernel_shape).astype(float)
    if np.count_nonzero(kernel) > 64:
        kernel.ravel()[64:] = 0
    assert_convolves(cf.Convolution(kernel, shape, mode), rng.standard_normal((np.prod(shape), 3)))


def test_types_widen_on_the_way() -> None:
    rng = np.random.default_rng(2)
    for weights in (np.float32, np.complex64):
        layer = cf.Convolution(normal(rng, (3,), weights), 9)
        for dtype in (np.float32, np.float64, np.complex128, np.int64):
            X = (4 * rng.standard_normal((9, 4))).astype(dtype)
            Y = cf.Network([layer]) @ X
            expected = layer.to_csr().toarray().astype(np.complex128) @ X
            np.testing.assert_allclose(Y, expected, rtol=2e-6, atol=2e-6)
            assert Y.dtype == np.result_type(weights, X.dtype if dtype != np.int64 else np.float64)


def test_a_number_that_is_none_reaches_only_its_neighbours() -> None:
    x = np.zeros(10)
    x[4] = np.nan
    result = cf.Network([cf.Convolution([1.0, 2.0, 3.0], 10, "same")]) @ x
    assert np.isnan(result).nonzero()[0].tolist() == [3, 4, 5]


def test_many_weights_and_large_arrays_keep_their_own_way() -> None:
    rng = np.random.default_rng(3)
    assert_convolves(cf.Convolution(rng.standard_normal(64), 100), rng.standard_normal((100, 2)))
    many = cf.Network([cf.Convolution(rng.standard_normal(65), 100)])
    assert kernels_of(many) == ["numpy convolution"]
    large = cf.Network([cf.Convolution(np.ones(5), 1 << 20)])
    assert kernels_of(large) == ["numpy convolution"]
    empty = cf.Network([cf.Convolution([1.0, 2.0], 0)])
    assert (empty @ np.ones((0, 3))).shape == (0, 3)
    zeros = cf.Network([cf.Convolution([0.0, 0.0], 4)])
    np.testing.assert_array_equal(zeros @ np.ones((4, 3)), np.zeros((4, 3)))
