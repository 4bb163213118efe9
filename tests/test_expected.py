"""expected_synapses: exact enumeration of all supports, simulation, limits, bad input."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast.counting import expected, expected_rows


def enumerate_all(n: int, p: float, depth: int) -> tuple[float, float, float]:
    """Mean, deviation of a row and of the total, over all 2^(n^2 depth) networks."""
    matrices = [
        np.array(bits, dtype=bool).reshape(n, n) for bits in itertools.product((0, 1), repeat=n * n)
    ]
    weights = [p ** m.sum() * (1 - p) ** (n * n - m.sum()) for m in matrices]
    row1 = row2 = all1 = all2 = 0.0
    for chain in itertools.product(range(len(matrices)), repeat=depth):
        weight = math.prod(weights[i] for i in chain)
        product: npt.NDArray[np.bool_] = matrices[chain[0]]
        for i in chain[1:]:
            product = product @ matrices[i]
        row, total = int(product[0].sum()), int(product.sum())
        row1, row2 = row1 + weight * row, row2 + weight * row**2
        all1, all2 = all1 + weight * total, all2 + weight * total**2
    return all1, math.sqrt(row2 - row1**2), math.sqrt(all2 - all1**2)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.7])
def test_equals_enumeration_of_every_2x2_network(p: float, depth: int) -> None:
    mean, row_std, std = enumerate_all(2, p, depth)
    result = cf.expected_synapses(2, p, depth)
    assert result.mean == pytest.approx(mean, rel=1e-12)
    assert result.row_std == pytest.approx(row_std, rel=1e-9)
    assert result.std == pytest.approx(std, rel=1e-6)
    expected_method = "exact, closed form" if depth <= 2 else "exact, two-row chain"
    assert result.std_method == expected_method


def test_equals_enumeration_of_every_pair_of_3x3_matrices() -> None:
    mean, row_std, std = enumerate_all(3, 0.3, 2)
    result = cf.expected_synapses(3, 0.3, 2)
    assert (result.mean, result.row_std, result.std) == pytest.approx((mean, row_std, std))


@given(st.integers(1, 40), st.floats(0, 1, exclude_min=True))
def test_chain_of_supports_agrees_with_closed_form(n: int, p: float) -> None:
    mean, variance = expected_rows.row_moments([n, n], [p, p])
    closed = expected._two_layers(*[float(n)] * 3, p, p)
    assert n * mean == pytest.approx(closed.mean, rel=1e-11, abs=1e-300)
    assert math.sqrt(variance) == pytest.approx(closed.row_std, rel=1e-6, abs=1e-6)


def test_deviations_of_two_layers_agree_with_simulation() -> None:
    n, p, samples = 40, 0.12, 4000
    rng = np.random.default_rng(2)
    supports = rng.random((2, samples, n, n)) < p
    rows = np.count_nonzero(supports[0].astype(float) @ supports[1].astype(float), axis=2)
    totals = rows.sum(axis=1)
    result = cf.expected_synapses(n, p, 2)
    assert result.std is not None
    # five standard errors each: of a mean, and of a standard deviation
    assert abs(totals.mean() - result.mean) < 5 * result.std / math.sqrt(samples)
    assert totals.std() == pytest.approx(result.std, rel=5 / math.sqrt(2 * samples))
    assert rows.std() == pytest.approx(result.row_std, rel=5 / math.sqrt(2 * samples))
    # taking the rows as independent would be far off
    assert result.std > 1.3 * math.sqrt(n) * result.row_std


def test_more_layers_agree_with_simulation_where_eq_27_iterated_does_not() -> None:
    n, p, depth, samples = 60, 0.03, 5, 2000
    rng = np.random.default_rng(5)
    product = rng.random((samples, n, n)) < p
    for _ in range(depth - 1):
        product = product.astype(np.float32) @ (rng.random((samples, n, n)) < p) > 0
    totals = product.sum(axis=(1, 2))
    result = cf.expected_synapses(n, p, depth)
    assert result.mean == pytest.approx(737.3, abs=0.05)
    error = totals.std() / math.sqrt(samples)
    assert abs(totals.mean() - result.mean) < 5 * error
    assert abs(totals.mean() - 855.2) > 20 * error
    # row sizes are skewed: their deviation to 10 percent
    assert product.sum(axis=2).std() == pytest.approx(result.row_std, rel=0.1)


@pytest.mark.parametrize(("n", "p"), [(7, 0.3), (1000, 0.01), (10**6, 1e-4), (10**9, 1e-9)])
def test_mean_of_two_layers_keeps_all_digits(n: int, p: float) -> None:
    exact = Fraction(p) ** 2
    if n <= 1000:
        q = 1 - (1 - exact) ** n
    else:  # the series of (1 - x)^n, x n < 1
        q = -sum(math.comb(n, k) * (-exact) ** k for k in range(1, 30))
    assert cf.expected_synapses(n, p, 2).mean == pytest.approx(float(n * n * q), rel=1e-14)


def test_deviation_of_very_sparse_huge_layers_does_not_cancel() -> None:
    # here the n^3 p^2 paths are almost independent: variance of the total about
    # mean + pairs that share an entry, 2 n^4 p^3
    n, p = 10**9, 1e-9
    result = cf.expected_synapses(n, p, 2)
    mean = n * n * -math.expm1(n * math.log1p(-p * p))
    assert result.std == pytest.approx(math.sqrt(mean + 2 * float(n) ** 4 * p**3), rel=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_empty_and_full_densities(depth: int) -> None:
    assert cf.expected_synapses(9, 0, depth).mean == 0
    full = cf.expected_synapses(9, 1, depth)
    assert (full.mean, full.row_std) == (81, 0)


def test_tiny_densities_of_many_layers_keep_their_relative_accuracy() -> None:
    # n^(L+1) p^L paths, hardly ever two of them in one network
    result = cf.expected_synapses(50, 1e-20, 4)
    assert result.mean == pytest.approx(50.0**5 * 1e-80, rel=1e-12)


def test_large_widths_are_computed_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cf.expected_synapses(10**5, 3e-5, 4).mean == pytest.approx(7.9e6, rel=0.05)
    monkeypatch.setattr(expected_rows, "WORK_LIMIT", 10**5)
    with pytest.raises(ValueError, match="binomial probabilities"):
        cf.expected_synapses(10**5, 3e-5, 4)
    with pytest.raises(ValueError, match="at most 100,000,000"):
        cf.expected_synapses(10**9, 1e-9, 3)
    with pytest.raises(ValueError, match="1e100"):
        cf.expected_synapses(10**200, 0.5, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ((0, 0.5, 2), ValueError, "n"),
        ((-3, 0.5, 2), ValueError, "n"),
        ((True, 0.5, 2), TypeError, "n"),
        ((4.0, 0.5, 2), TypeError, "n"),
        ((4, -0.1, 2), ValueError, "density"),
        ((4, 1.5, 2), ValueError, "density"),
        ((4, math.nan, 2), ValueError, "density"),
        ((4, "0.5", 2), TypeError, "density"),
        ((4, True, 2), TypeError, "density"),
        ((4, 0.5, 0), ValueError, "depth"),
        ((4, 0.5, 2.0), TypeError, "depth"),
    ],
)
def test_bad_input_is_named(
    arguments: tuple[object, ...], error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=f"^{name} "):
        cf.expected_synapses(*arguments)  # type: ignore[arg-type]


def test_repr_shows_all_four_numbers() -> None:
    text = repr(cf.expected_synapses(1000, 0.01, 2))
    assert text.startswith("Expected(mean=95167.1")
    assert "row_std=29.9399" in text
    assert "std=1306.4" in text
    assert "1306.4" in cf.expected_synapses(1000, 0.01, 2)._repr_html_()
    nothing = cf.Expected(1.0, 2.0, None, "not resolved")
    assert "std=None" in repr(nothing)
    assert "- (not resolved)" in nothing._repr_html_()
