"""The flat product gate: five methods against brute force, each other and their bounds."""

from __future__ import annotations

import itertools
import math
import warnings
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import LowLevelCallable

import cheapfast as cf
from cheapfast.gates import activation, flat_product

SIGMA = {
    "cos": mpmath.cos,
    "exp": mpmath.exp,
    "gauss": lambda u: mpmath.exp(-u * u),
    "logistic": lambda u: 1 / (1 + mpmath.exp(-u)),
    "sin": mpmath.sin,
    "softplus": lambda u: mpmath.log1p(mpmath.exp(u)),
    "tanh": mpmath.tanh,
}
SMOOTH = list(SIGMA)


def brute_sum(function: Any, x: Any, scale: float, bias: float) -> Any:
    """Add up all neurons in mpmath's working precision."""
    total = mpmath.mpf(0)
    for signs in itertools.product((1, -1), repeat=len(x)):
        u = sum(s * mpmath.mpf(float(v)) for s, v in zip(signs, x, strict=True))
        total += math.prod(signs) * function(mpmath.mpf(bias) + mpmath.mpf(scale) * u)
    return total


def derivative(name: str, n: int, bias: float) -> Any:
    """Differentiate by mpmath, independently of the recurrences."""
    return mpmath.diff(SIGMA[name], mpmath.mpf(bias), n)


def gate(name: str, x: Any, scale: float, bias: float) -> Any:
    """Evaluate the gate with 60 digits."""
    with mpmath.workdps(60):
        n = len(x)
        total = brute_sum(SIGMA[name], x, scale, bias)
        coefficient = activation(name).coefficients(bias, n)[n]
        return total / (
            2**n * mpmath.factorial(n) * mpmath.mpf(str(coefficient)) * mpmath.mpf(scale) ** n
        )


@pytest.mark.parametrize("bias", [-2.3, 0.0, 0.7, 5.0])
@pytest.mark.parametrize("name", SMOOTH)
def test_coefficients_are_derivatives(name: str, bias: float) -> None:
    known = activation(name).coefficients(bias, 12)
    with mpmath.workdps(60):
        for k in range(13):
            exact = derivative(name, k, bias) / mpmath.factorial(k)
            assert abs(mpmath.mpf(str(known[k])) - exact) < mpmath.mpf(10) ** -22


@pytest.mark.parametrize("name", ["logistic", "tanh", "softplus"])
@pytest.mark.parametrize("order", [100, 700, 1100])
def test_high_coefficients_are_sums_over_poles(name: str, order: int) -> None:
    bias = 0.37
    with mpmath.workdps(60):
        slope = 2 if name == "tanh" else 1
        power = order if name == "softplus" else order + 1
        # each pole i pi (2k - 1) adds 2 Re (b - pole)^-(order + 1), up to sign
        exact = sum(
            2 * mpmath.re((mpmath.mpc(slope * bias, -mpmath.pi * (2 * k - 1))) ** -power)
            for k in range(1, 40)
        ) * (-1) ** (power - 1)
        exact *= {"tanh": 2 * mpmath.mpf(2) ** order}.get(name, mpmath.mpf(1))
        exact /= order if name == "softplus" else 1
        known = mpmath.mpf(str(activation(name).coefficients(bias, order)[order]))
        envelope = abs(mpmath.mpc(slope * bias, mpmath.pi)) ** -power
        envelope *= mpmath.mpf(2) ** order if name == "tanh" else 1
        assert abs(known - exact) < envelope * mpmath.mpf(10) ** -40


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [3, 4, 7, 12])
def test_suprema_are_bounds(name: str, order: int) -> None:
    sigma = activation(name)
    for low, high in [(-1.0, 0.5), (2.0, 3.0), (-9.0, -4.0)]:
        bound = sigma.supremum(order, low, high)
        assert bound is not None
        for u in np.linspace(low, high, 41):
            assert abs(sigma.coefficients(float(u), order)[order]) <= bound * (1 + bound / 10**12)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 6),
    name=st.sampled_from(SMOOTH),
    scale=st.floats(0.003, 2.0),
    bias=st.floats(-3, 3),
)
def test_truncation_bound_is_never_violated(
    seed: int, n: int, name: str, scale: float, bias: float
) -> None:
    x = np.random.default_rng(seed).uniform(-1.5, 1.5, n)
    try:
        result = flat_product(
            x, name, scale, bias, method="closed" if name in ("cos", "exp", "sin") else "auto"
        )
    except ValueError:
        return  # the coefficient vanishes, or no method is accurate: there is no result to check
    assert result.truncation_bound is not None
    exact = gate(name, x, scale, bias)
    with mpmath.workdps(60):
        product = mpmath.fprod(mpmath.mpf(float(v)) for v in x)
        assert abs(exact - product) <= result.truncation_bound
        assert abs(result.value - exact) <= result.rounding_estimate


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 8),
    name=st.sampled_from(SMOOTH),
    scale=st.floats(0.01, 10.0),
    bias=st.floats(-2, 2),
    precision=st.sampled_from(["float32", "float64", "dd"]),
    tied=st.booleans(),
)
def test_direct_sums_are_within_their_estimate(
    seed: int, n: int, name: str, scale: float, bias: float, precision: str, tied: bool
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.choice([0.7, 1.3, -0.7], n) if tied else rng.uniform(-1.5, 1.5, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            result = flat_product(x, name, scale, bias, "direct", 1, precision=precision)
        except (ValueError, OverflowError):
            return
    exact = gate(name, x, scale, bias)
    assert math.isfinite(result.value)
    assert abs(result.value - exact) <= result.rounding_estimate


@pytest.mark.parametrize("n", [2, 3, 8, 13])
@pytest.mark.parametrize("name", ["logistic", "tanh", "softplus", "gauss"])
@pytest.mark.parametrize("method", ["series", "sinc"])
def test_series_and_sinc_have_thirteen_digits(method: str, name: str, n: int) -> None:
    x = np.random.default_rng(n).uniform(0.5, 1.5, n)
    for share in (0.05, 0.4):
        bias = 0.7
        scale = share * min(activation(name).radius(bias), 3.0) / float(x.sum())
        result = flat_product(x, name, scale, bias, method)
        exact = gate(name, x, scale, bias)
        assert abs(result.value / exact - 1) < 1e-13


@pytest.mark.parametrize("n", [31, 64, 255, 1024])
@pytest.mark.parametrize("name", ["logistic", "tanh", "softplus", "gauss"])
def test_series_and_sinc_agree_for_many_factors(name: str, n: int) -> None:
    x = np.random.default_rng(n).uniform(0.5, 1.5, n)
    bias = 0.02 if n % 2 == (name != "softplus") else 3.0 / n
    scale = 0.1 / float(x.sum())
    series = flat_product(x, name, scale, bias, "series")
    sinc = flat_product(x, name, scale, bias, "sinc")
    assert sinc.value == pytest.approx(series.value, rel=1e-13)


def test_sinc_has_no_radius_of_convergence() -> None:
    x = np.random.default_rng(5).uniform(0.5, 1.5, 9)
    scale = 3.0 * math.pi / float(x.sum())
    with pytest.raises(ValueError, match="use method='sinc'"):
        flat_product(x, "logistic", scale, 0.0, "series")
    result = flat_product(x, "logistic", scale, 0.0, "sinc")
    assert abs(result.value / gate("logistic", x, scale, 0.0) - 1) < 1e-13


@pytest.mark.parametrize("name", ["cos", "exp", "sin"])
def test_closed_form(name: str) -> None:
    x = np.array([0.5, -1.2, 0.3, 2.0])
    result = flat_product(x, name, 0.7, 0.4, "closed")
    assert abs(result.value / gate(name, x, 0.7, 0.4) - 1) < 1e-14
    wide = flat_product([720.0, 1e-10], "exp", 1.0, 0.0, "auto")
    with mpmath.workdps(30):
        exact = mpmath.sinh(720) * mpmath.sinh(mpmath.mpf(1e-10))
    assert abs(wide.value / exact - 1) < 1e-12
    with pytest.raises(OverflowError, match="beyond float64"):
        flat_product([1000.0, 1e-10], "exp", 1.0, 0.0, "auto")


@settings(deadline=None, max_examples=80)
@given(
    x=st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=9),
    bias=st.integers(-60, 60),
    degree=st.integers(0, 4),
    huge=st.booleans(),
)
def test_sorted_sums_are_exact(x: list[int], bias: int, degree: int, huge: bool) -> None:
    if huge:
        x, bias = [value * 10**19 + 1 for value in x], bias * 10**19
    name = ("step", "relu", "repu2", "repu3", "repu4")[degree]
    expected = sum(
        math.prod(signs) * (u**degree if (u := bias + sum(map(int.__mul__, signs, x))) > 0 else 0)
        for signs in itertools.product((1, -1), repeat=len(x))
    )
    result = flat_product(x, name, 1, 0 if huge else bias, "sorted")
    if huge:
        expected = sum(
            math.prod(signs) * (u**degree if (u := sum(map(int.__mul__, signs, x))) > 0 else 0)
            for signs in itertools.product((1, -1), repeat=len(x))
        )
    if result.normalized:
        n = len(x)
        coefficient = math.comb(degree, n) * bias ** (degree - n)
        exact = expected / (2**n * math.factorial(n) * coefficient)
        assert result.value == pytest.approx(exact, rel=1e-14)
    else:
        assert isinstance(result.value, int)
        assert result.value == expected
        assert result.truncation_bound is None


def test_sorted_integers_of_both_signs_beyond_int64() -> None:
    # NumPy makes floats of these
    assert flat_product([2**63 + 1, -5], "relu", method="sorted").value == -10


def brute_in_chunks(x: list[int], bias: int) -> int:
    """Add relu over all signs in int64, exact for small integers."""
    n = len(x)
    index = np.arange(1 << n)
    u, sign = np.full(1 << n, bias), np.ones(1 << n, np.int64)
    for i, value in enumerate(x):
        s = 1 - 2 * (index >> i & 1)
        u += s * value
        sign *= s
    return int((np.maximum(u, 0) * sign).sum())


@pytest.mark.parametrize("n", [17, 22])
def test_sorted_relu_equals_brute_force(n: int) -> None:
    x = np.random.default_rng(n).integers(1, 1 << 28, n).tolist()
    assert flat_product(x, "relu", 1, 12345, "sorted").value == brute_in_chunks(x, 12345)


def test_sorted_and_direct_agree_for_floats() -> None:
    x = np.random.default_rng(2).uniform(0.5, 1.5, 15)
    for name in ("relu", "step", "repu3", "hard_sigmoid"):
        exact = flat_product(x, name, 0.7, 0.3, "sorted")
        direct = flat_product(x, name, 0.7, 0.3, "direct", 1)
        assert abs(direct.value - exact.value) <= direct.rounding_estimate


@pytest.mark.parametrize("bias", [-7.0, -2.5, 0.0, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("x", [[0.7], [4.0], [0.25, 3.5], [1.5, -0.75, 2.0], [3, 5, -9, 2]])
def test_hard_sigmoid_is_the_difference_of_two_relus(x: list[float], bias: float) -> None:
    def cut(u: Fraction) -> Fraction:
        return min(max(u / 6 + Fraction(1, 2), Fraction(0)), Fraction(1))

    total = sum(
        math.prod(signs)
        * cut(Fraction(bias) + sum(s * Fraction(v) for s, v in zip(signs, x, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(x))
    )
    is_gate = len(x) == 1 and abs(bias) < 3
    exact = total * 3 if is_gate else total  # over 2 sigma'
    for method in ("sorted", "direct"):
        result = flat_product(x, "hard_sigmoid", 1.0, bias, method)
        assert result.normalized == is_gate
        assert abs(result.value - exact) <= result.rounding_estimate
    if is_gate and abs(bias) + abs(x[0]) < 3:
        assert result.truncation_bound == 0
    elif not is_gate:
        assert result.truncation_bound is None


def test_hard_sigmoid_by_itself() -> None:
    sigma = activation("hard_sigmoid")
    u = np.array([-4.0, -3.0, 0.0, 1.5, 3.0, 9.0])
    assert sigma.values(u).tolist() == [0, 0, 0.5, 0.75, 1, 1]
    assert [float(c) for c in sigma.coefficients(1.5, 2)] == [0.75, 1 / 6, 0]
    assert [float(c) for c in sigma.coefficients(-5.0, 2)] == [0, 0, 0]
    assert sigma.supremum(3, -1.0, 4.0) is None
    assert sigma.supremum(3, -1.0, 2.0) == 0
    assert flat_product([2.5], "hard_sigmoid").value == 2.5


def test_power_of_relu_is_a_product_gate_where_all_arguments_are_positive() -> None:
    x = [0.5, -1.5, 0.8]
    for degree in (3, 4, 5, 7):
        result = flat_product(x, f"repu{degree}")
        assert result.normalized
        assert result.method == "sorted"
        if degree >= 5:
            assert result.truncation_bound is not None
            assert abs(result.value + 0.6) <= result.truncation_bound + 1e-15
    assert flat_product(x, "repu3").value == pytest.approx(-0.6, rel=1e-14)
    assert flat_product(x, "repu3").truncation_bound is None


# -- choosing


def test_automatic_parameters_are_those_of_the_paper_corrected() -> None:
    chosen = cf.gates.gate_parameters(2)
    assert chosen.bias == pytest.approx(-math.log(5 + 2 * math.sqrt(6)), abs=1e-12)
    assert chosen.truncation_bound is not None
    assert chosen.truncation_bound + chosen.rounding_estimate < 4e-11


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_automatic_choice_is_near_the_best_of_a_grid(name: str, n: int) -> None:
    chosen = cf.gates.gate_parameters(n, name)
    assert chosen.truncation_bound is not None
    own = chosen.truncation_bound + chosen.rounding_estimate
    others = []
    for bias in (-3.0, -1.3, -0.4, 0.9, 2.1):
        for scale in (1e-4, 1e-3, 1e-2, 1e-1):
            try:
                other = cf.gates.gate_parameters(n, name, scale, bias)
            except ValueError:
                continue
            assert other.truncation_bound is not None
            others.append(other.truncation_bound + other.rounding_estimate)
    assert own <= 2 * min(others)


def test_auto_says_so_when_nothing_is_accurate() -> None:
    x = np.linspace(0.5, 1.5, 60)
    with pytest.raises(ValueError, match="no method is accurate"):
        flat_product(x, lambda u: 1 / (1 + u * u), scale=5.0, bias=0.3)


def test_noise_is_warned_about() -> None:
    x = np.random.default_rng(0).uniform(0.5, 1.5, 24)
    with pytest.warns(UserWarning, match="rounding error"):
        flat_product(x, "exp", 0.01, 0.0, "direct")


# -- functions of the user's


def silu(u: Any) -> Any:
    return u / (1 + np.exp(-u))


def test_function_of_the_users_is_differentiated() -> None:
    x = np.array([0.5, -0.8, 1.1])
    direct = flat_product(x, silu, 0.02, 0.4, "direct")
    series = flat_product(x, silu, 0.02, 0.4, "series")
    assert abs(direct.value - series.value) <= direct.rounding_estimate + series.rounding_estimate
    assert direct.truncation_bound is None
    assert flat_product(x, silu).value == pytest.approx(float(x.prod()), rel=1e-6)


def test_derivatives_of_the_users() -> None:
    sigma = activation(np.exp, derivatives=lambda _, u: math.exp(u))
    result = flat_product([0.5, 0.25], sigma, 0.01, 0.0)
    assert result.value == pytest.approx(math.sinh(0.005) * math.sinh(0.0025) / 1e-4, rel=1e-9)


def test_compiled_function() -> None:
    import ctypes
    import ctypes.util

    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.erf.restype, library.erf.argtypes = ctypes.c_double, (ctypes.c_double,)
    compiled = LowLevelCallable(library.erf)
    with pytest.raises(TypeError, match="derivatives"):
        flat_product([0.5, 0.3], compiled, 0.1, 0.3, "direct")
    slope = 2 / math.sqrt(math.pi)

    def derivatives(k: int, u: float) -> float:
        with mpmath.workdps(40):
            return float(mpmath.diff(mpmath.erf, u, k))

    sigma = activation(compiled, derivatives)
    for threads in (1, 2):
        result = flat_product([0.5, 0.3, 0.2], sigma, 0.05, 0.0, "direct", threads)
        assert result.value == pytest.approx(0.03, rel=1e-2)
    assert slope > 1


def test_functions_that_misbehave() -> None:
    def raises(u: Any) -> Any:
        if isinstance(u, np.ndarray):
            raise ZeroDivisionError("mine")
        return u * u

    with pytest.raises(ZeroDivisionError, match="mine"):
        flat_product([1.0, 2.0], raises, 0.1, 0.0, "direct")
    with pytest.raises(ValueError, match="shape"):
        flat_product(
            [1.0, 2.0],
            lambda u: u * u if not isinstance(u, np.ndarray) else u[:1],
            0.1,
            0.0,
            "direct",
        )
    with pytest.raises(TypeError, match="differentiated automatically"):
        flat_product([1.0, 2.0], lambda u: np.sinc(u), 0.1, 0.0)  # noqa: PLW0108
    with pytest.raises(TypeError, match="divides by a series that begins with 0"):
        flat_product([1.0, 2.0], lambda u: np.sin(u) / u, 0.1, 0.0)


# -- bad input


def test_batches_and_their_rows() -> None:
    x = np.random.default_rng(4).uniform(-1, 1, (7, 4))
    x[2, 1] = 0.0
    batch = flat_product(x, scale=0.1, bias=-1.0, method="direct")
    assert batch.value.shape == (7,)
    assert batch.value[2] == 0
    for row, value in zip(x, batch.value, strict=True):
        assert flat_product(row, scale=0.1, bias=-1.0, method="direct").value == value
    assert flat_product(np.zeros((0, 3)), scale=0.1, bias=1.0).value.shape == (0,)


@pytest.mark.parametrize("method", ["auto", "direct", "series", "sinc"])
def test_no_factors_and_one(method: str) -> None:
    assert flat_product([], method=method).value == 1.0
    assert flat_product([-0.25], method=method).value == pytest.approx(-0.25, rel=1e-9)


def test_huge_ranges() -> None:
    x = [1e200, 1e-180, -3e150, 2e-160]
    assert flat_product(x).value == pytest.approx(-6e10, rel=1e-12)
    with pytest.raises(OverflowError, match="beyond float64"):
        flat_product([1e300, 1e300])
    assert flat_product([1e-300, 1e-300]).value == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [1.0, math.nan]}, "x must be finite"),
        ({"x": [[[1.0]]]}, "shape"),
        ({"x": [1.0, 2.0], "scale": 0.0}, "scale must be a positive"),
        ({"x": [1.0, 2.0], "scale": -1}, "scale must be a positive"),
        ({"x": [1.0, 2.0], "scale": math.nan}, "scale must be"),
        ({"x": [1.0, 2.0], "scale": 1e155}, r"scale \* sum\|x\| must be at most 1e\+150"),
        ({"x": [1.0, 2.0], "scale": 1e308, "sigma": "tanh"}, "use a smaller scale"),
        ({"x": [1.0, 2.0], "bias": math.inf}, "bias must be finite"),
        ({"x": [1.0, 2.0], "bias": 0.0}, r"derivative 2 of logistic vanishes.*bias=-2\.29"),
        ({"x": [1.0, 2.0], "sigma": "sigmoid"}, "sigma must be one of"),
        ({"x": [1.0, 2.0], "method": "exact"}, "method must be one of"),
        ({"x": [1.0, 2.0], "method": "closed"}, "method='closed' is for cos, exp, sin"),
        ({"x": [1.0, 2.0], "method": "sorted"}, "method='sorted' is for step"),
        ({"x": [1.0, 2.0], "sigma": "relu", "method": "series"}, "use method='sorted'"),
        ({"x": np.ones(41), "method": "direct"}, "use method='series' or 'sinc'"),
        ({"x": np.ones(60), "sigma": "relu", "scale": 1, "bias": 0}, "at most 52"),
        ({"x": [1.0, 2.0], "method": "direct", "precision": "half"}, "precision must be one of"),
        ({"x": [1.0, 2.0], "threads": 0}, "threads must be at least 1"),
    ],
)
def test_bad_values(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flat_product(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"x": [1j, 2.0]},
        {"x": ["a"]},
        {"x": [1.0, 2.0], "scale": "wide"},
        {"x": [1.0, 2.0], "sigma": 3},
    ],
)
def test_bad_types(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        flat_product(**arguments)


def test_result_shows_itself() -> None:
    result = flat_product([0.5, 0.5, 2.0])
    assert "truncation bound" in repr(result)
    assert result._repr_html_().startswith("<table>")
    assert "2^1024" in repr(flat_product(np.full(1024, 1.0)))
    assert "sum over signs" in repr(flat_product([1, 2, 3], "relu"))
