"""Gates as networks, and the tree of gates."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.gates import flat_product, flattening_cost, tree_product, tree_product_network


@pytest.mark.parametrize("sigma", ["logistic", "tanh", "softplus", "exp", "sin", "gauss"])
def test_product_network_multiplies(sigma: str) -> None:
    net = cf.gates.product_network(sigma)
    assert net.shape == (1, 2)
    assert (net.neurons, net.synapses, net.depth) == (4, 12, 2)
    chosen = cf.gates.gate_parameters(2, sigma)
    grid = np.linspace(-1, 1, 21)
    u, v = (values.ravel() for values in np.meshgrid(grid, grid))
    errors = np.abs((net @ np.stack([u, v]))[0] - u * v)
    assert chosen.truncation_bound is not None
    assert errors.max() <= chosen.truncation_bound + 6 * chosen.rounding_estimate


def test_errors_of_the_paper() -> None:
    # at b = -ln(2 + sqrt 3) and lambda = 0.1, the paper's "1/lambda about 10 suffices"
    net = cf.gates.product_network("logistic", 0.1, -math.log(2 + math.sqrt(3)))
    grid = np.linspace(-1, 1, 41)
    u, v = (values.ravel() for values in np.meshgrid(grid, grid))
    worst = np.abs((net @ np.stack([u, v]))[0] - u * v).max()
    assert worst == pytest.approx(3.3e-3, rel=0.02)
    # the better bias
    net = cf.gates.product_network()
    assert np.abs((net @ np.stack([u, v]))[0] - u * v).max() < 3e-11


@pytest.mark.parametrize("sigma", ["logistic", "tanh", "softplus", "exp", "sin"])
def test_copy_network_copies(sigma: str) -> None:
    net = cf.gates.copy_network(sigma)
    assert (net.neurons, net.synapses) == (2, 4)
    u = np.linspace(-1, 1, 33)[None, :]
    assert np.abs(net @ u - u).max() < 1e-9


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_flat_network_is_the_flat_gate(n: int) -> None:
    net = cf.gates.flat_product_network(n, "logistic", 0.05, -1.7)
    assert net.neurons == 2**n
    assert net.synapses == flattening_cost(n).flat_synapses if n > 1 else True
    x = np.random.default_rng(n).uniform(-1, 1, n)
    gate = flat_product(x, "logistic", 0.05, -1.7, "direct", 1, precision="dd")
    direct = flat_product(x, "logistic", 0.05, -1.7, "series")
    assert (net @ x)[0] == pytest.approx(direct.value, abs=30 * 2.0**-53 * 2**n / 0.05**n / 2**n)
    assert gate.value == pytest.approx(direct.value, rel=1e-9)


def test_networks_can_be_saved(tmp_path: object) -> None:
    net = tree_product_network(5)
    path = f"{tmp_path}/tree.npz"
    cf.save(path, net)
    x = np.linspace(0.1, 0.9, 5)
    assert (cf.load(path) @ x == net @ x).all()


@pytest.mark.parametrize(
    ("n", "draws", "allowed"),
    [(2, 1000, 2e-11), (3, 1000, 2e-9), (32, 1000, 5e-10), (1024, 1000, 5e-9)],
)
def test_tree_product_is_accurate(n: int, draws: int, allowed: float) -> None:
    x = np.random.default_rng(n).uniform(0.5, 1.5, (draws, n))
    exact = x.astype(np.longdouble).prod(axis=1)
    result = tree_product(x)
    errors = np.asarray((result.value - exact) / exact, np.float64)
    assert math.sqrt(float(np.mean(errors**2))) <= allowed
    assert result.neurons == 4 * (n - 1)
    assert isinstance(result.truncation_bound, np.ndarray)
    allowance = result.truncation_bound + result.rounding_estimate
    assert (np.abs(result.value - exact) <= allowance).all()


@pytest.mark.parametrize("n", range(10))
def test_tree_product_of_any_numbers(n: int) -> None:
    x = np.random.default_rng(n).normal(size=n) * 10.0 ** np.random.default_rng(n).integers(
        -9, 9, n
    )
    result = tree_product(x)
    assert result.value == pytest.approx(float(np.prod(x)), rel=1e-7)
    assert result.neurons == 4 * max(n - 1, 0)


def test_tree_product_of_zero_and_beyond_float64() -> None:
    assert tree_product([1.0, 0.0, 3.0]).value == 0.0
    assert tree_product([1e200, 1e200, 1e-300]).value == pytest.approx(1e100, rel=1e-7)
    assert tree_product(np.full(3, 1e-200)).value == 0.0
    with pytest.raises(OverflowError, match="beyond float64"):
        tree_product([1e200, 1e200])
    assert tree_product(np.ones((0, 4))).value.shape == (0,)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 11, 32, 33])
@pytest.mark.parametrize("radius", [1.0, 0.25, 8.0])
def test_tree_network_has_4_n_minus_1_neurons(n: int, radius: float) -> None:
    net = tree_product_network(n, radius)
    cost = flattening_cost(n)
    assert net.neurons == cost.deep_neurons == 4 * (n - 1)
    assert net.synapses == cost.deep_synapses
    x = np.random.default_rng(n).uniform(-radius, radius, (n, 200))
    assert np.abs((net @ x)[0] - x.prod(axis=0)).max() <= 1e-9 * n * radius**n


def test_cost_of_flattening_a_product() -> None:
    cost = flattening_cost(32)
    assert (cost.deep_neurons, cost.flat_neurons) == (124, 2**32)
    assert cost.neuron_cost == Fraction(2**32, 124)
    assert cost.flat_synapses == 33 * 2**32
    assert flattening_cost(10**4).flat_neurons == 2 ** (10**4)
    assert "about 10^" in repr(flattening_cost(100))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flattening_cost(1), "n must be at least 2"),
        (lambda: cf.gates.flat_product_network(21), "at most 20"),
        (lambda: cf.gates.flat_product_network(0), "at least 1"),
        (lambda: cf.gates.product_network("logistic", bias=0.0), "vanishes"),
        (lambda: cf.gates.product_network("relu"), "not smooth"),
        (lambda: cf.gates.product_network("tanh", scale=-1.0), "positive"),
        (lambda: tree_product_network(1), "at least 2"),
        (lambda: tree_product_network(4, radius=0.0), "radius must be"),
        (lambda: tree_product([1.0, math.nan]), "finite"),
    ],
)
def test_bad_values(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
