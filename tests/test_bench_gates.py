"""Benchmarks of product gates: the errors that they measure, and that they find what is wrong."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import cheapfast as cf
from cheapfast.bench import gate_promises, peers, sigma_errors, workloads
from cheapfast.bench.run import run
from cheapfast.bench.timing import Settings

TINY = Settings(size="tiny", repeat=1)
PROMISES = [w for w in workloads.ALL if w.topic == "gates" and w.measure in ("share", "error")]


@pytest.mark.parametrize("workload", PROMISES, ids=lambda workload: workload.name)
def test_promises_are_kept(workload) -> None:
    results = run([workload], peers.ALL, TINY)
    if results.skips:  # an instruction set, or long doubles, that this machine has not
        assert results.figures == []
        return
    (figure,) = results.figures
    if workload.measure == "share":
        assert figure.minimum == 1.0
    else:
        assert 0 < figure.minimum < (8 if workload.name.startswith("sigma") else 5e-9)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long doubles are short here")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sigma", list(sigma_errors.RANGES))
def test_long_doubles_are_right_to_a_hundredth_of_an_ulp(sigma: str, dtype: type) -> None:
    u = sigma_errors.points(sigma, dtype, 250)
    assert (u.dtype, u.shape) == (dtype, (250,))
    exact = sigma_errors.reference(sigma, u)
    with mpmath.workdps(50):
        for argument, value in zip(u.tolist(), exact, strict=True):
            true = gate_promises.value(sigma, mpmath.mpf(argument))
            mantissa, exponent = np.frexp(value)
            upper = float(mantissa)  # a long double is two doubles
            lower = float(mantissa - np.longdouble(upper))
            found = mpmath.ldexp(mpmath.mpf(upper) + lower, int(exponent))
            unit = mpmath.mpf(2) ** (max(mpmath.frexp(abs(true))[1] - 1, -1022) - 52)
            assert abs(found - true) < unit / 100


def test_ulps_of_a_wrong_activation(monkeypatch: pytest.MonkeyPatch) -> None:
    activate = sigma_errors._core.activate
    monkeypatch.setattr(
        sigma_errors._core, "activate", lambda *given: activate(*given) * (1 + 2.0**-50)
    )
    assert 4 < sigma_errors.largest_error("exp", np.float64, 500) < 10
    monkeypatch.setattr(sigma_errors._core, "activate", lambda *given: given[1] * math.nan)
    assert sigma_errors.largest_error("exp", np.float64, 500) == math.inf


def test_broken_promises_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # the wrong answer by a tenth, with the same claims about its error
    flat_product = cf.gates.flat_product

    def wrong(*args, **named):
        gate = flat_product(*args, **named)
        return type(gate)(**{**vars(gate), "value": 1.1 * gate.value + 1})

    monkeypatch.setattr(cf.gates, "flat_product", wrong)
    trials = (
        lambda seed: gate_promises.rounding_is_within(seed, "float64"),
        lambda seed: gate_promises.method_holds(seed, "series"),
        lambda seed: gate_promises.method_holds(seed, "sinc"),
        gate_promises.sorted_is_exact,
    )
    for trial in trials:
        assert not all(trial(seed) for seed in range(1, 10))
