"""The compiled sums over signs: every activation, type and instruction set against brute force."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from cheapfast import _core
from interrupting import PATIENCE, posix_only, seconds_until_interrupted

KIND = {name: i for i, name in enumerate(_core.SIGMAS)}
SMOOTH = ("exp", "logistic", "tanh", "softplus", "sin", "gauss")
EXACT = {
    "exp": mpmath.exp,
    "logistic": lambda u: 1 / (1 + mpmath.exp(-u)),
    "tanh": mpmath.tanh,
    "softplus": lambda u: mpmath.log1p(mpmath.exp(u)),
    "sin": mpmath.sin,
    "gauss": lambda u: mpmath.exp(-u * u),
    "relu": lambda u: u if u > 0 else mpmath.mpf(0),
    "step": lambda u: mpmath.mpf(u > 0),
    "repu": lambda u: u**3 if u > 0 else mpmath.mpf(0),
}
ULPS = {"exp": 1, "logistic": 2, "sin": 2, "tanh": 3, "softplus": 4, "gauss": 8}


def brute(name: str, steps: npt.NDArray[np.float64], bias: float) -> mpmath.mpf:
    """Add up all neurons with 40 digits."""
    with mpmath.workdps(40):
        total = mpmath.mpf(0)
        for signs in itertools.product((1, -1), repeat=len(steps)):
            u = mpmath.mpf(bias) + sum(s * mpmath.mpf(v) for s, v in zip(signs, steps, strict=True))
            total += math.prod(signs) * EXACT[name](u)
        return total


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SMOOTH)
def test_activations_are_accurate_to_a_few_ulps(target: str, name: str, dtype: type) -> None:
    rng = np.random.default_rng(1)
    reach = {"exp": 80.0, "sin": 500.0, "gauss": 9.0}.get(name, 40.0)
    u = np.concatenate(
        [rng.uniform(-reach, reach, 400), rng.uniform(-3, 3, 400), rng.normal(0, 1e-3, 101)]
    ).astype(dtype)
    values = _core.activate(KIND[name], u, 1)
    bits = 52 if dtype == np.float64 else 23
    assert _core.ran() == {f"activate.{np.dtype(dtype).name}": target}
    with mpmath.workdps(30):
        for argument, value in zip(u.tolist(), values.tolist(), strict=True):
            exact = EXACT[name](mpmath.mpf(argument))
            ulp = mpmath.mpf(2) ** (math.frexp(float(abs(exact)))[1] - 1 - bits)
            assert abs(value - exact) <= ULPS[name] * ulp, argument


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_at_the_ends_of_the_range(target: str, dtype: type) -> None:
    inf = math.inf
    u = np.array([inf, -inf, math.nan, 1e30, -1e30, 0.0], dtype)
    expected = {
        "exp": [inf, 0, math.nan, inf, 0, 1],
        "logistic": [1, 0, math.nan, 1, 0, 0.5],
        "tanh": [1, -1, math.nan, 1, -1, 0],
        "softplus": [inf, 0, math.nan, 1e30, 0, math.log(2)],
        "gauss": [0, 0, math.nan, 0, 0, 1],
        "relu": [inf, 0, math.nan, 1e30, 0, 0],
        "step": [1, 0, 0, 1, 0, 0],
    }
    for name, values in expected.items():
        result = _core.activate(KIND[name], u, 1)
        np.testing.assert_allclose(result, np.array(values, dtype), rtol=1e-6, err_msg=name)


def test_subnormal_exponentials(target: str) -> None:
    u = np.array([-709.0, -720.0, -740.0, -745.0, -746.0])
    np.testing.assert_allclose(_core.activate(KIND["exp"], u, 1), np.exp(u), rtol=0, atol=1e-323)


@pytest.mark.parametrize("size", [0, 1, 3, 7, 8, 15, 16, 17, 33])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activate_takes_any_size(target: str, dtype: type, size: int) -> None:
    u = np.linspace(-3, 3, size).astype(dtype)
    whole = _core.activate(KIND["logistic"], np.resize(u, 64) if size else np.zeros(64, dtype), 1)
    assert (_core.activate(KIND["logistic"], u, 1) == whole[:size]).all()


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("scale", [0.01, 0.3, 10.0])
def test_sums_equal_brute_force(target: str, name: str, single: bool, n: int, scale: float) -> None:
    rng = np.random.default_rng(n)
    steps = np.sort(rng.uniform(0.5, 1.5, n)) * scale
    bias = -float(steps.sum()) if name == "exp" else 0.37
    value = _core.sign_sum(KIND[name], single, steps, bias, 3, 1, None)
    epsilon = 2.0**-24 if single else 2.0**-53
    reach = abs(bias) + float(steps.sum())
    size = {"softplus": reach, "relu": reach, "repu": reach**3}.get(name, 1.0)
    slope = {"repu": 3 * reach**2}.get(name, 1.0)
    allowed = 4 * epsilon * 2 ** (n / 2) * (size + reach * slope)
    assert abs(value - brute(name, steps, bias)) <= allowed
    assert _core.ran()[f"sign_sum.float{32 if single else 64}"] == target


@pytest.mark.parametrize("n", [12, 14, 21, 22])
@pytest.mark.parametrize("name", EXACT)
def test_large_sums_split_into_smaller_ones(target: str, name: str, n: int) -> None:
    # two signs taken out by hand: the tables, the middle and the top signs change their places
    steps = np.sort(np.random.default_rng(n).uniform(0.5, 1.5, n)) / n
    bias = 0.2
    whole = _core.sign_sum(KIND[name], False, steps, bias, 3, 1, None)
    parts = [
        first
        * last
        * _core.sign_sum(
            KIND[name],
            False,
            steps[1:-1].copy(),
            bias + first * steps[0] + last * steps[-1],
            3,
            1,
            None,
        )
        for first in (1, -1)
        for last in (1, -1)
    ]
    assert whole == pytest.approx(sum(parts), abs=1e-15 * 2 ** (n / 2) * 16, rel=1e-9)


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", EXACT)
def test_bits_do_not_depend_on_threads(target: str, name: str, single: bool) -> None:
    steps = np.sort(np.random.default_rng(3).uniform(0.5, 1.5, 22)) * 0.1
    sums = {_core.sign_sum(KIND[name], single, steps, 0.1, 2, k, None) for k in (1, 2, 3, 7)}
    assert len(sums) == 1


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("n", "scale"), [(1, 1.0), (5, 0.01), (8, 0.3), (7, 5.0)])
def test_double_double_keeps_thirty_digits(target: str, name: str, n: int, scale: float) -> None:
    steps = np.sort(np.random.default_rng(n).uniform(0.5, 1.5, n)) * scale
    bias = -float(steps.sum()) if name == "exp" else 0.37
    high, low = _core.sign_sum_double(KIND[name], steps, np.zeros(n), (bias, 0.0), 3, 1, None)
    reach = abs(bias) + float(steps.sum())
    size = 1 + {"softplus": reach, "relu": reach, "repu": reach**3}.get(name, 1.0)
    with mpmath.workdps(40):
        error = abs(mpmath.mpf(high) + mpmath.mpf(low) - brute(name, steps, bias))
    assert error <= 2.0**-100 * 2 ** (n / 2) * size * (1 + reach)
    assert _core.ran() == {"sign_sum.double_double": target}


def test_double_double_bits_do_not_depend_on_threads() -> None:
    steps = np.sort(np.random.default_rng(3).uniform(0.5, 1.5, 21)) * 0.05
    sums = {
        _core.sign_sum_double(KIND["tanh"], steps, np.zeros(21), (0.1, 0.0), 1, k, None)
        for k in (1, 2, 5)
    }
    assert len(sums) == 1


def test_sine_of_arguments_beyond_the_reduction() -> None:
    steps = np.array([1e7, 2.5e8])
    value = _core.sign_sum(KIND["sin"], False, steps, 0.5, 1, 1, None)
    assert value == pytest.approx(float(brute("sin", steps, 0.5)), abs=1e-6)


def test_read_only_and_strided_steps() -> None:
    steps = np.array([0.1, 0.2, 0.3])
    steps.flags.writeable = False
    assert math.isfinite(_core.sign_sum(1, False, steps, 0.0, 1, 1, None))
    with pytest.raises(ValueError, match="contiguous"):
        _core.sign_sum(1, False, np.zeros(6)[::2], 0.0, 1, 1, None)
    with pytest.raises(ValueError, match="1 to 40"):
        _core.sign_sum(1, False, np.zeros(41), 0.0, 1, 1, None)
    with pytest.raises(TypeError, match="float64"):
        _core.sign_sum(1, False, np.zeros(3, np.float32), 0.0, 1, 1, None)
    with pytest.raises(ValueError, match="kind"):
        _core.sign_sum(9, False, steps, 0.0, 1, 1, None)


def test_progress_counts_blocks() -> None:
    seen: list[tuple[int, int]] = []
    steps = np.linspace(0.01, 0.05, 27)
    for kind in ("softplus", "gauss"):
        _core.sign_sum(
            KIND[kind], False, steps, 0.1, 1, 1, lambda done, total: seen.append((done, total))
        )
    assert seen
    assert all(0 < done <= total == 128 for done, total in seen)


@posix_only
def test_ctrl_c_stops_a_sum() -> None:
    setup = """
        import numpy as np
        from cheapfast import _core"""
    call = "_core.sign_sum(3, False, np.linspace(0.1, 0.2, 40), 0.1, 1, 2, None)"
    assert seconds_until_interrupted(setup, call) < PATIENCE
