"""Softmax and maxpool in a network: the compiled kernels against the layers' own formulas."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from interrupting import PATIENCE, posix_only, seconds_until_interrupted
from operands import LAYOUTS, normal, placed

REAL = (np.float32, np.float64)
SUMMED = 40  # units of the last place between sums of 1000 numbers, each in an order of its own
ULPS = 16 + SUMMED  # exp errs by at most 8, and so does the formula


def behind(activation: cf.Activation, features: int, dtype: Any) -> cf.Network:
    """Return an activation with a layer that gives it its size; the layer changes nothing."""
    return cf.Network([cf.Permutation(np.arange(features), dtype=dtype), activation])


def softmax(features: int, dtype: Any) -> cf.Network:
    return behind(cf.Activation("softmax"), features, dtype)


def maxpool(features: int, window: int, dtype: Any) -> cf.Network:
    return behind(cf.Activation("maxpool", window), features, dtype)


def assert_same_in_any_layout(net: cf.Network, X: np.ndarray[Any, Any]) -> None:
    """Hold all ways of a call to the one of columns side by side; threads change no bit."""
    columns = net.apply(np.ascontiguousarray(X), threads=1)
    few = {"rtol": SUMMED * np.finfo(X.dtype).eps}
    for layout in LAYOUTS:
        given_array = placed(X, layout)
        first = net.apply(given_array, threads=1)
        np.testing.assert_allclose(first, columns, **few)
        for threads in (2, 5):
            np.testing.assert_array_equal(net.apply(given_array, threads=threads), first)
            out = np.empty_like(columns)
            assert net.apply(given_array, out=out, threads=threads) is out
            np.testing.assert_allclose(out, columns, **few)
    rows = net.apply(np.ascontiguousarray(X.T), axis=1, threads=1)
    np.testing.assert_allclose(rows.T, columns, **few)
    alone = [net.apply(np.ascontiguousarray(x)) for x in X.T]
    np.testing.assert_array_equal(np.stack(alone), rows)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("features", [1, 2, 10, 15, 16, 17, 100, 1000])
def test_softmax_equals_the_formula(target: str, features: int, dtype: Any) -> None:
    rng = np.random.default_rng(features)
    net = softmax(features, dtype)
    assert [step.kernel for step in net.explain().passes] == ["gather", "softmax"]
    for columns in (1, 2, 7, 63, 64, 65, 130):
        X = (5 * normal(rng, (features, columns), dtype)).astype(dtype)
        result = net.apply(X)
        assert result.dtype == dtype
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(result, cf.Activation("softmax").apply(X), rtol=ULPS * eps)
        np.testing.assert_allclose(result.sum(axis=0), 1, rtol=features * eps)
        assert_same_in_any_layout(net, X)
    assert _core.ran()[f"softmax.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("dtype", REAL)
def test_softmax_of_numbers_far_apart(target: str, dtype: Any) -> None:
    x = np.array([1e4, 1e4 - 1, 9e3, -np.inf, 1e4 - 20, -1e30], dtype)
    result = softmax(len(x), dtype) @ x
    with mpmath.workdps(40):
        weights = [mpmath.exp(mpmath.mpf(float(u)) - 10**4) for u in x]
        exact = [float(w / mpmath.fsum(weights)) for w in weights]
    np.testing.assert_allclose(result, exact, rtol=ULPS * np.finfo(dtype).eps)
    assert not result[[2, 3, 5]].any()


@pytest.mark.parametrize("bad", [[np.nan], [np.inf], [np.inf, np.nan], [np.nan, -np.inf]])
@pytest.mark.parametrize("features", [2, 9, 33])
def test_a_vector_without_a_softmax_leaves_its_neighbours_alone(
    target: str, features: int, bad: list[float]
) -> None:
    rng = np.random.default_rng(4)
    X = normal(rng, (features, 70), np.float64)
    expected = softmax(features, np.float64).apply(X)
    X[features - len(bad) :, 3] = bad
    X[:, 67] = -np.inf
    expected[:, [3, 67]] = np.nan
    net = softmax(features, np.float64)
    np.testing.assert_array_equal(net.apply(X), expected)
    rows = net.apply(np.ascontiguousarray(X.T), axis=1)
    np.testing.assert_array_equal(np.isnan(rows.T), np.isnan(expected))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("window", [1, 2, 3, 16, 17, 40])
def test_maxpool_is_the_largest(window: int, dtype: Any) -> None:
    rng = np.random.default_rng(window)
    for outputs, columns in itertools.product((1, 5, 33), (1, 2, 9, 64)):
        features = outputs * window
        net = maxpool(features, window, dtype)
        X = normal(rng, (features, columns), dtype)
        X[rng.random(X.shape) < 0.02] = np.nan
        X[rng.random(X.shape) < 0.02] = -np.inf
        expected = X.reshape(outputs, window, columns).max(axis=1)
        np.testing.assert_array_equal(net.apply(X), expected)
        assert_same_in_any_layout(net, X)
    assert net.explain().passes[1].kernel == "maxpool"


@given(st.integers(0, 40), st.integers(1, 5), st.integers(0, 5), st.sampled_from(REAL))
@settings(max_examples=60, deadline=None)
def test_any_size(outputs: int, window: int, columns: int, dtype: Any) -> None:
    features = outputs * window
    X = np.linspace(-4, 4, features * columns).reshape(features, columns).astype(dtype)
    pooled = maxpool(features, window, dtype).apply(X)
    np.testing.assert_array_equal(pooled, X[window - 1 :: window])  # rows rise
    shares = softmax(features, dtype).apply(X)
    expected = cf.Activation("softmax").apply(X)
    np.testing.assert_allclose(shares, expected, rtol=ULPS * np.finfo(dtype).eps)


def test_many_numbers_on_many_threads() -> None:
    for shape in ((300, 1001), (5000, 50), (6, 30011)):
        X = np.random.default_rng(2).standard_normal(shape)
        assert_threads_change_nothing(softmax(shape[0], np.float64), X)
        assert_threads_change_nothing(maxpool(shape[0], 2, np.float64), X)


def assert_threads_change_nothing(net: cf.Network, X: np.ndarray[Any, Any]) -> None:
    """Hold several threads to one, in both layouts."""
    for array, axis in ((X, 0), (np.ascontiguousarray(X.T), 1)):
        expected = net.apply(array, axis=axis, threads=1)
        for threads in (2, 3, 8):
            result = net.apply(array, axis=axis, threads=threads)
            np.testing.assert_array_equal(result, expected)


def test_a_classifier_is_one_program() -> None:
    rng = np.random.default_rng(5)
    layers = [rng.standard_normal((12, 20)), rng.standard_normal((4, 6))]
    pool, last = cf.Activation("maxpool", 2), cf.Activation("softmax")
    net = cf.Network([layers[0], pool, layers[1], last])
    X = rng.standard_normal((20, 3))
    hidden = (layers[0] @ X).reshape(6, 2, 3).max(axis=1)
    weights = np.exp(layers[1] @ hidden)
    np.testing.assert_allclose(net @ X, weights / weights.sum(axis=0), rtol=1e-13)
    kernels = [step.kernel for step in net.explain().passes]
    assert (kernels[1], kernels[3]) == ("maxpool", "softmax")


def test_complex_vectors_are_refused() -> None:
    for net in (softmax(4, np.float64), maxpool(4, 2, np.float64)):
        for X in (np.ones(4, np.complex128), np.ones((4, 2), np.complex64)):
            with pytest.raises(TypeError, match="X must be real for Activation"):
                net @ X


def test_the_steps_refuse_what_they_cannot_do() -> None:
    double = np.dtype(np.float64)
    with pytest.raises(ValueError, match="features"):
        _core.Softmax(-1, double)
    with pytest.raises(TypeError, match="real"):
        _core.Softmax(3, np.dtype(np.complex64))
    with pytest.raises(ValueError, match="window"):
        _core.Maxpool(3, 0, double)
    with pytest.raises(ValueError, match="counted"):
        _core.Maxpool(2**40, 2**40, double)
    with pytest.raises(ValueError, match="rows"):
        _core.Maxpool(3, 2, double).apply(np.ones((4, 2)), np.ones((3, 2)), 1)


@posix_only
@pytest.mark.parametrize("name", ["softmax", "maxpool"])
def test_can_be_interrupted(name: str) -> None:
    window = 1 if name == "maxpool" else None
    setup = f"""
        import numpy as np, cheapfast as cf
        layers = [cf.Activation({name!r}, {window})] * 8000
        net = cf.Network([cf.Permutation(np.arange(20000)), *layers])
        X = np.ones((20000, 320), np.float32)"""
    assert seconds_until_interrupted(setup, "net.apply(X, threads=2)") < PATIENCE
