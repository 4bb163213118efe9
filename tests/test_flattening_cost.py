"""flattening_cost: against dense products, at any size, and what is not available yet."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast.flattening.cost import ratio_of_counts


@given(st.lists(st.integers(1, 12), min_size=2, max_size=5), st.floats(0, 1), st.integers(0, 10**6))
def test_equals_dense_products(widths: list[int], density: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrices = [
        (rng.random((rows, columns)) < density).astype(float)
        for columns, rows in itertools.pairwise(widths)
    ]
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matrix @ product
    deep, flat = sum(map(np.count_nonzero, matrices)), np.count_nonzero(product)
    cost = cf.flattening_cost(cf.Network(matrices))
    assert (cost.deep, cost.flat) == (deep, flat)
    assert (cost.kind, cost.bound) == ("structural", "exact")
    assert cost.method
    if deep:
        assert cost.ratio == flat / deep
    else:
        assert math.isnan(cost.ratio)


def test_all_layers_count_as_one_is_flat_already() -> None:
    cost = cf.flattening_cost(cf.Network([np.eye(5)]))
    assert (cost.deep, cost.flat, cost.ratio) == (5, 5, 1.0)


def test_huge_counts_are_exact_and_their_ratio_is_rounded_once() -> None:
    cost = cf.flattening_cost(cf.algorithms.fourier(2**60))
    assert (cost.deep, cost.flat) == (121 * 2**60, 2**120)
    assert cost.ratio == float(Fraction(2**60, 121))


@given(st.integers(1, 2**200), st.integers(1, 2**200))
def test_ratio_is_correctly_rounded(flat: int, deep: int) -> None:
    assert ratio_of_counts(flat, deep) == float(Fraction(flat, deep))


def test_ratio_without_a_finite_value() -> None:
    assert math.isnan(ratio_of_counts(0, 0))
    assert ratio_of_counts(3, 0) == math.inf
    assert ratio_of_counts(2**2000, 3) == math.inf
    assert ratio_of_counts(0, 3) == 0.0


def test_repr_is_readable() -> None:
    cost = cf.flattening_cost(cf.algorithms.hadamard(256))
    assert repr(cost).startswith(
        "FlatteningCost(deep=4096, flat=65536, ratio=16, kind='structural'"
    )
    assert "65,536" in cost._repr_html_()
    with pytest.raises(AttributeError):
        cost.deep = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"hidden_layers": 99}, ValueError, "^hidden_layers must be below the number of layers"),
        ({"hidden_layers": -1}, ValueError, "^hidden_layers must be at least 0"),
        ({"hidden_layers": 0.0}, TypeError, "^hidden_layers"),
        ({"hidden_layers": True}, TypeError, "^hidden_layers"),
        ({"kind": "other"}, ValueError, "^kind must be one of"),
        ({"tolerance": math.nan}, ValueError, "^tolerance must be a finite number from 0 on"),
        ({"method": "guess"}, ValueError, "^method"),
        ({"threads": 0}, ValueError, "^threads"),
    ],
)
def test_what_is_not_available_is_said(
    arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        cf.flattening_cost(cf.algorithms.hadamard(8), **arguments)


def test_only_networks_with_supports_have_a_cost() -> None:
    with pytest.raises(TypeError, match=r"^net must be a cheapfast\.Network"):
        cf.flattening_cost(np.eye(3))  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError), match="logistic"):
        cf.flattening_cost(cf.Network([np.eye(3), cf.Activation("logistic"), np.eye(3)]))
