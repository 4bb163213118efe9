"""expected_synapses beyond two layers: spread of the total, widths and densities by layer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import cheapfast as cf
from cheapfast.counting import expected_pairs


def simulated_totals(
    widths: Sequence[int], densities: Sequence[float], samples: int
) -> npt.NDArray[Any]:
    """Nonzeros of random products, layers in data-flow order."""
    rng = np.random.default_rng(8)
    product = np.broadcast_to(np.eye(widths[0], dtype=np.float32), (samples, widths[0], widths[0]))
    for (inputs, outputs), density in zip(itertools.pairwise(widths), densities, strict=True):
        layer = (rng.random((samples, outputs, inputs)) < density).astype(np.float32)
        product = (layer @ product > 0).astype(np.float32)
    totals: npt.NDArray[Any] = product.sum(axis=(1, 2))
    return totals


@pytest.mark.parametrize(
    ("n", "p", "depth"),
    [
        *[(20, 0.1, 2), (20, 0.1, 3), (30, 0.05, 5), (60, 0.03, 5)],
        *[(40, 0.02, 4), (12, 0.5, 6), (50, 0.04, 3), (25, 0.08, 10)],
    ],
)
def test_a_thousand_random_networks(n: int, p: float, depth: int) -> None:
    totals = simulated_totals([n] * (depth + 1), [p] * depth, 1000)
    result = cf.expected_synapses(n, p, depth)
    assert result.std is not None
    assert result.std_method.startswith("exact")
    assert abs(totals.mean() - result.mean) < 4 * result.std / math.sqrt(1000)
    # the standard error of a standard deviation, from the fourth moment
    fourth = ((totals - totals.mean()) ** 4).mean() / totals.var() ** 2
    error = totals.std() * math.sqrt((fourth - 1) / 4000)
    assert abs(totals.std() - result.std) < 5 * error


def test_the_example_of_the_documentation() -> None:
    result = cf.expected_synapses(60, 0.03, 5)
    assert result.mean == pytest.approx(737.32, abs=0.005)
    # 20,000 simulated networks gave 153.0 +- 0.8; rows taken as independent give 83
    assert result.std == pytest.approx(153.5, abs=0.1)
    assert math.sqrt(60) * result.row_std == pytest.approx(83, abs=0.2)


@pytest.mark.parametrize(
    ("widths", "densities"),
    [
        ([30, 8, 50], [0.1, 0.3]),
        ([9, 40, 12, 25], [0.2, 0.05, 0.15]),
        ([40, 5, 40, 5, 40], [0.1, 0.2, 0.15, 0.3]),
        ([10, 20, 20, 1], [0.1, 0.2, 0.3]),
        ([20, 20, 20, 20], [0.1, 1.0, 0.2]),
    ],
)
def test_widths_and_densities_by_layer(widths: list[int], densities: list[float]) -> None:
    samples = 4000
    totals = simulated_totals(widths, densities, samples)
    result = cf.expected_synapses(widths, densities)
    assert result.std is not None
    assert abs(totals.mean() - result.mean) < 4.5 * result.std / math.sqrt(samples)
    assert totals.std() == pytest.approx(result.std, rel=0.08)


def test_the_two_row_chain_agrees_with_the_closed_form_of_two_layers() -> None:
    for widths, densities in (([30, 8, 50], [0.1, 0.3]), ([50, 50, 50], [0.05, 0.05])):
        closed = cf.expected_synapses(widths, densities)
        rows = widths[-1]
        mean = closed.mean / rows
        by_chain = expected_pairs.total_std(
            rows, widths[-2::-1], densities[::-1], mean, closed.row_std**2
        )
        assert by_chain.std == pytest.approx(closed.std, rel=1e-6)


@pytest.mark.parametrize(("n", "p", "depth"), [(60, 0.03, 5), (100, 0.02, 3), (40, 0.1, 4)])
def test_the_simulation_agrees_with_the_exact_chain(n: int, p: float, depth: int) -> None:
    exact = cf.expected_synapses(n, p, depth)
    simulated = expected_pairs._simulated(
        n, [n] * depth, [p] * depth, exact.mean / n, exact.row_std**2
    )
    assert simulated.method.startswith("simulation of ")
    assert "standard error" in simulated.method
    assert simulated.std == pytest.approx(exact.std, rel=0.05)


def test_wide_layers_are_simulated_and_say_so() -> None:
    result = cf.expected_synapses(1000, 0.002, 4)
    assert result.std_method.startswith("simulation of ")
    assert result.std is not None
    assert result == cf.expected_synapses(1000, 0.002, 4)


def test_what_a_simulation_cannot_resolve_is_not_given() -> None:
    result = cf.expected_synapses(1000, 1e-5, 6)
    assert result.std is None
    assert result.std_method.startswith("not resolved by a simulation")


def test_a_hundred_wide_layers() -> None:
    result = cf.expected_synapses(10_000, 1e-3, 100)
    assert 0.999e8 < result.mean < 1e8
    assert result.std is not None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([3, 4, 5], 0.5, 3), ValueError, "n must describe as many layers as depth, 3, got 2"),
        ((3, [0.5, 0.5], 3), ValueError, "density must describe as many layers"),
        (([3, 4], [0.5, 0.5]), ValueError, "density must describe as many layers as n, 1, got 2"),
        ((3, 0.5), ValueError, "depth must be given"),
        (([3], 0.5), ValueError, "at least two widths"),
        (([3, 0], 0.5), ValueError, "n must be at least 1"),
        (([3, 3], [1.5]), ValueError, "density must be between 0 and 1"),
        (("33", 0.5, 1), TypeError, "n must be an integer"),
        ((3, "0.5", 1), TypeError, "density must be a number"),
    ],
)
def test_bad_input_is_named(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cf.expected_synapses(*arguments)
