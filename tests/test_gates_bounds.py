"""Bits, Boolean functions, the rank condition, and the least number of neurons."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast.gates import (
    bit_product_network,
    boolean_network,
    check_product_weights,
    inverse_moebius_transform,
    minimal_neurons,
    moebius_transform,
)
from cheapfast.gates.product import sign_rows


def all_bits(n: int) -> np.ndarray:
    """Return every input of n bits as a column."""
    return (np.arange(1 << n)[None, :] >> np.arange(n)[:, None] & 1).astype(float)


@pytest.mark.parametrize("digits", [1, 5, 10, 15])
@pytest.mark.parametrize("k", range(1, 17))
def test_bit_products_exhaustively(k: int, digits: int) -> None:
    x = all_bits(k)
    errors = np.abs((bit_product_network(k, digits) @ x)[0] - x.prod(axis=0))
    assert errors.max() < 0.5 * 10.0**-digits + 2.0**-53
    # not steeper than it has to be
    assert errors.max() > 0.47 * 10.0**-digits


def test_steepness_of_the_paper_gives_half_the_digits() -> None:
    beta = 10 * math.log(10)
    assert 1 / (1 + math.exp(beta / 2)) == pytest.approx(1e-5, rel=1e-4)


@given(
    values=st.integers(0, 6).flatmap(
        lambda n: st.lists(st.integers(-100, 100), min_size=1 << n, max_size=1 << n)
    )
)
def test_moebius_transform_is_its_definition(values: list[int]) -> None:
    coefficients = moebius_transform(values)
    for subset in range(len(values)):
        expected = sum(
            (-1) ** (bin(subset ^ x).count("1")) * value
            for x, value in enumerate(values)
            if x & ~subset == 0
        )
        assert coefficients[subset] == expected
    assert inverse_moebius_transform(coefficients).tolist() == values


def test_moebius_transform_of_a_million_values() -> None:
    values = np.random.default_rng(0).integers(0, 2, 1 << 20)
    assert (inverse_moebius_transform(moebius_transform(values)) == values).all()
    assert moebius_transform([2**62, -(2**62)]).tolist() == [2**62, -(2**63)]
    assert moebius_transform(np.array([True, False])).tolist() == [1, -1]


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_boolean_networks_exhaustively(n: int) -> None:
    rng = np.random.default_rng(n)
    for values in (rng.integers(0, 2, 1 << n), rng.normal(size=1 << n), np.zeros(1 << n)):
        net = boolean_network(values, 8)
        assert np.abs((net @ all_bits(n))[0] - values).max() < 1e-8
        assert net.neurons == np.count_nonzero(moebius_transform(values)[1:])


def test_bad_bits() -> None:
    for call, message in [
        (lambda: bit_product_network(0), "k must be at least 1"),
        (lambda: bit_product_network(3, 0), "digits must be at least 1"),
        (lambda: bit_product_network(3, 301), "digits must be at most 300"),
        (lambda: boolean_network([1]), "1 to 20 bits"),
        (lambda: boolean_network([1, 0, 1]), "2\\^n numbers"),
        (lambda: boolean_network([0, 1, 1, 0], 40), "digits must be at most"),
        (lambda: moebius_transform([]), "2\\^n numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="real numbers"):
        moebius_transform(["a", "b"])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_sign_construction_has_full_rank(n: int) -> None:
    signs = sign_rows(n).astype(int)
    check = check_product_weights(signs.T, signs.prod(axis=1))
    assert check == check_product_weights(signs.T.tolist(), signs.prod(axis=1).tolist())
    assert (check.rank, check.needed, check.residual, check.exact) == (2**n, 2**n, 0.0, True)
    assert check.is_gate
    floats = check_product_weights(signs.T * 0.3, signs.prod(axis=1) / 7)
    assert (floats.rank, floats.exact) == (2**n, False)
    assert floats.is_gate


def test_full_rank_is_not_sufficient() -> None:
    signs = sign_rows(3).astype(int)
    weights = signs.prod(axis=1)
    weights[0] += 1
    check = check_product_weights(signs.T, weights)
    assert check.rank == check.needed
    assert check.residual > 0
    assert not check.is_gate


def test_deficient_rank_is_confirmed_over_the_rationals() -> None:
    # entries that are multiples of the prime: rank 0 modulo it, but not in truth
    prime = 2147483629
    check = check_product_weights([[prime, 2 * prime]], [1, 1])
    assert check.rank == 2
    half = sign_rows(3).astype(int)[:4]
    assert check_product_weights(half.T, half.prod(axis=1)).rank == 4


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=1, max_size=9
        )
    )
)
def test_rank_equals_numpys(columns: list[list[int]]) -> None:
    a = np.array(columns).T
    check = check_product_weights(a, np.ones(len(columns), int))
    rows = [
        np.prod(a[list(s)], axis=0) if s else np.ones(len(columns))
        for size in range(len(a) + 1)
        for s in itertools.combinations(range(len(a)), size)
    ]
    assert check.rank == np.linalg.matrix_rank(np.array(rows))


def test_bad_weights() -> None:
    for a, w, message in [
        ([1, 2], [1], "a must have 2"),
        ([[1, 2]], [1], "w must have shape"),
        (np.ones((11, 2)), [1, 1], "1 to 10 rows"),
        ([[1.0, math.nan]], [1, 1], "finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_product_weights(a, w)


def silu(u: np.ndarray) -> np.ndarray:
    return u / (1 + np.exp(-u))


@pytest.mark.parametrize(
    ("n", "sigma", "output_bias", "neurons", "order"),
    [
        (2, "logistic", False, 4, 2),
        (2, "logistic", True, 3, 1),
        (3, "logistic", False, 4, 2),
        (4, "logistic", False, 8, 1),
        (5, "logistic", False, 16, 2),
        (2, "exp", False, 4, 2),
        (3, "exp", False, 8, 2),
        (3, "exp", True, 7, 1),
        (2, silu, False, 2, 1),
        (2, "gauss", False, 2, 2),
        (3, "tanh", False, 4, 2),
        (4, "gauss", False, 8, 2),
        (3, "sin", False, 4, 2),
    ],
)
def test_minimal_neurons(
    n: int, sigma: object, output_bias: bool, neurons: int, order: int
) -> None:
    best = minimal_neurons(n, sigma, output_bias)
    assert best.neurons == neurons
    assert best.error_order == order
    assert best.is_minimal
    assert best.residual < 1e-9
    # the witness, and the order of its error
    x = np.random.default_rng(0).uniform(0.5, 1.0, n)
    errors = [abs(float((best.witness(scale) @ x)[0]) / x.prod() - 1) for scale in (0.08, 0.04)]
    assert best.witness(0.1).neurons == neurons
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


def test_biases_of_their_own_leave_the_universal_bound() -> None:
    best = minimal_neurons(3, "exp", neuron_biases=True)
    assert (best.neurons, best.lower_bound, best.is_minimal) == (8, 4, False)


def test_minimal_neurons_of_many() -> None:
    best = minimal_neurons(20)
    assert best.neurons == 2**19
    assert math.isnan(best.residual)
    with pytest.raises(ValueError, match="at most 12"):
        best.witness(0.1)
    with pytest.raises(ValueError, match="analytic"):
        minimal_neurons(3, "relu")


def test_gates_are_loaded_lazily() -> None:
    assert cf.gates.minimal_neurons is minimal_neurons
