"""Activations in a network: the compiled kernels against the layer's own formulas."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
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

NAMES = ("logistic", "tanh", "relu", "softplus", "exp", "sin", "gauss")
REAL = (np.float32, np.float64)
ULPS = 12  # a kernel errs by at most 8, see test_gates_kernel.py, the formula by some


def between(name: str, features: int, dtype: Any) -> cf.Network:
    """Return an activation with a layer that gives it its size; the layer changes nothing."""
    return cf.Network([cf.Activation(name), cf.Permutation(np.arange(features), dtype=dtype)])


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_formula(target: str, name: str, dtype: Any) -> None:
    rng = np.random.default_rng(1)
    net = between(name, 37, dtype)
    assert [step.kernel for step in net.explain().passes] == ["elementwise", "gather"]
    for columns, layout in itertools.product((1, 2, 7, 64), LAYOUTS):
        X = placed(5 * normal(rng, (37, columns), dtype), layout)
        first = net.apply(X)
        assert first.dtype == dtype
        expected = cf.Activation(name).apply(X)
        # near a zero of the sine, the error is that of a number of its argument's size
        np.testing.assert_allclose(
            first, expected, rtol=ULPS * np.finfo(dtype).eps, atol=ULPS * np.finfo(dtype).eps / 8
        )
        for threads in (1, 2, 5):
            np.testing.assert_array_equal(net.apply(X, threads=threads), first)
        np.testing.assert_array_equal(net.apply(X.T, axis=1), first.T)
        np.testing.assert_array_equal(net.apply(np.ascontiguousarray(X.T), axis=1), first.T)
        out = np.empty_like(first)
        assert net.apply(X, out=out) is out
        np.testing.assert_array_equal(out, first)
        alone = [net.apply(np.ascontiguousarray(x)) for x in X.T]
        np.testing.assert_array_equal(np.stack(alone, axis=1), first)
    assert _core.ran()[f"activate.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_taken(target: str, name: str, dtype: Any) -> None:
    info = np.finfo(dtype)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, info.max, info.min, info.tiny, -info.tiny]
    large = [1e4, 5e3, -7e3, 1e7, -3e8, 1e15, 700.0, -700.0, 89.0, -104.0, 710.0, -746.0]
    x = np.array([*special, *large], dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = cf.Activation(name).apply(x[:, np.newaxis])[:, 0]
    result = between(name, len(x), dtype) @ x
    # denormal results may be a unit off
    limits = {
        "rtol": ULPS * info.eps,
        "atol": max(info.eps * info.tiny * 2, float(name == "sin") * ULPS * info.eps),
    }
    np.testing.assert_allclose(result, expected, equal_nan=True, **limits)


EXACT: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "logistic": lambda u: 1 / (1 + mpmath.exp(-u)),
    "tanh": mpmath.tanh,
    "relu": lambda u: max(u, mpmath.mpf(0)),
    "softplus": lambda u: mpmath.log1p(mpmath.exp(u)),
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "gauss": lambda u: mpmath.exp(-u * u),
}


def anything(dtype: Any) -> np.ndarray[Any, Any]:
    """Numbers of every size: any bits, the thresholds of the kernels, and neighbours of both."""
    info = np.finfo(dtype)
    bits = np.random.default_rng(6).integers(0, 256, 200 * info.bits // 8, np.uint8)
    ends = (0.0, info.smallest_subnormal, info.tiny, info.max)
    exponents = (np.log(float(info.max)), -np.log(float(info.smallest_subnormal)))
    reaches = (1.0, 9.3, 10.0, 11.0, 20.0, 26.5, 28.0, 6e3, 6e6)
    fixed = np.array((*ends, *exponents, *reaches), dtype)
    near = [np.nextafter(fixed, dtype(limit)) for limit in (-np.inf, np.inf)]
    some = np.concatenate([bits.view(dtype), fixed, *near])
    return np.concatenate([some, -some])


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", NAMES)
def test_numbers_of_every_size_and_both_zeros(target: str, name: str, dtype: Any) -> None:
    with np.errstate(over="ignore"):
        x = anything(dtype)
    x = x[~np.isinf(x)]
    result = between(name, len(x), dtype) @ x
    assert np.array_equal(np.isnan(result), np.isnan(x))
    info = np.finfo(dtype)
    largest, least = float(info.max), float(info.smallest_subnormal)
    with mpmath.workdps(40):
        for argument, value in zip(x.tolist(), result.tolist(), strict=True):
            if math.isnan(argument):
                continue
            exact = EXACT[name](mpmath.mpf(argument))
            unit = max(float(info.eps) * min(abs(exact), largest), least)
            if math.isinf(value):
                assert value > 0
                assert exact >= largest * (1 - ULPS * float(info.eps)), argument
            else:
                assert abs(value - exact) <= 8 * unit, argument
            if value == 0:
                sign = math.copysign(1, argument) if name in ("tanh", "sin") else 1
                assert math.copysign(1, value) == sign


@given(st.integers(0, 70), st.integers(0, 5), st.sampled_from(NAMES), st.sampled_from(REAL))
@settings(max_examples=60, deadline=None)
def test_any_size(features: int, columns: int, name: str, dtype: Any) -> None:
    X = np.linspace(-4, 4, features * columns).reshape(features, columns).astype(dtype)
    Y = between(name, features, dtype).apply(X)
    assert Y.shape == X.shape
    expected = cf.Activation(name).apply(X)
    np.testing.assert_allclose(Y, expected, rtol=ULPS * np.finfo(dtype).eps, atol=1e-7)


def test_many_numbers_on_many_threads(target: str) -> None:
    X = np.random.default_rng(2).standard_normal((300, 1001))
    for name in ("tanh", "sin"):
        net = between(name, 300, np.float64)
        expected = net.apply(X, threads=1)
        np.testing.assert_allclose(expected, cf.Activation(name).apply(X), rtol=1e-14)
        for threads in (2, 3, 8):
            np.testing.assert_array_equal(net.apply(X, threads=threads), expected)


def test_integers_and_half_precision_are_promoted() -> None:
    net = between("relu", 3, np.float32)
    np.testing.assert_array_equal(net @ np.array([-2, 0, 3]), [0.0, 0.0, 3.0])
    half = net @ np.array([-2, 0, 3], np.float16)
    assert half.dtype == np.float32


def test_complex_vectors_are_refused() -> None:
    for X in (np.ones(3, np.complex128), np.ones((3, 2), np.complex64)):
        with pytest.raises(TypeError, match="X must be real for Activation"):
            between("tanh", 3, np.float64) @ X


def test_a_function_of_ones_own_is_left_to_numpy() -> None:
    net = cf.Network([np.eye(4), cf.Activation(np.cos)])
    assert net.explain().passes[1].kernel == "numpy elementwise"
    X = np.random.default_rng(3).standard_normal((4, 5))
    np.testing.assert_array_equal(net @ X, np.cos(X))


def test_the_step_refuses_what_it_cannot_do() -> None:
    double = np.dtype(np.float64)
    with pytest.raises(ValueError, match="kind"):
        _core.Elementwise(len(_core.SIGMAS), 3, double)
    with pytest.raises(ValueError, match="features"):
        _core.Elementwise(0, -1, double)
    with pytest.raises(TypeError, match="real"):
        _core.Elementwise(0, 3, np.dtype(np.complex64))
    with pytest.raises(ValueError, match="rows"):
        _core.Elementwise(0, 3, double).apply(np.ones((4, 2)), np.ones((4, 2)), 1)


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
def test_can_be_interrupted(threads: int) -> None:
    setup = """
        import numpy as np, cheapfast as cf
        net = cf.Network([cf.Activation("sin")] * 8000 + [cf.Permutation(np.arange(200000))])
        X = np.ones((200000, 32), np.float32)"""
    assert seconds_until_interrupted(setup, f"net.apply(X, threads={threads})") < PATIENCE
