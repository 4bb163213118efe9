"""hadamard, haar, butterfly, low_rank, random_sparse: matrices, counts, bad input."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast.algorithms import random as random_module

# --- hadamard ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", range(8))
def test_hadamard_is_sylvesters_matrix(bits: int) -> None:
    n = 2**bits
    net = cf.algorithms.hadamard(n)
    np.testing.assert_array_equal(net.toarray(), scipy.linalg.hadamard(n))
    np.testing.assert_array_equal(net @ np.eye(n), scipy.linalg.hadamard(n))
    assert net.synapses == (2 * n * bits if bits else 1)
    assert cf.synapse_count(net) == n * n


def test_huge_hadamard_is_built_without_its_values_and_counted_exactly() -> None:
    cf.algorithms.hadamard(2**60)  # imports, first use
    tracemalloc.start()
    net = cf.algorithms.hadamard(2**60)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    cost = cf.flattening_cost(net)
    assert (cost.deep, cost.flat) == (120 * 2**60, 2**120)
    with pytest.raises(MemoryError, match="bytes"):
        net.toarray()


# --- haar ----------------------------------------------------------------------------------------


def haar_matrix(n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Build the matrix from its definition: averages of the rows below, then differences."""
    if n == 1:
        return np.ones((1, 1))
    averages = np.kron(haar_matrix(n // 2), [1, 1])
    differences = np.kron(np.eye(n // 2), [1, -1])
    return np.vstack([averages, differences]) / math.sqrt(2)


@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize("bits", range(8))
def test_haar_is_its_recursive_definition(bits: int, copies: bool) -> None:
    n = 2**bits
    net = cf.algorithms.haar(n, copies=copies)
    matrix = net.toarray()
    np.testing.assert_allclose(matrix, haar_matrix(n), atol=1e-15)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-14)
    np.testing.assert_allclose(net @ np.eye(n), matrix, atol=1e-15)
    if bits:
        assert net.depth == bits
        assert net.synapses == (2 * (n - 1) + n * bits if copies else 4 * (n - 1))
    assert cf.synapse_count(net) == n * (bits + 1)


def test_haar_pays_only_if_copies_are_free() -> None:
    free = cf.flattening_cost(cf.algorithms.haar(1024, copies=False))
    counted = cf.flattening_cost(cf.algorithms.haar(1024))
    assert free.ratio == pytest.approx(2.75, abs=0.005)
    assert counted.ratio == pytest.approx(0.917, abs=0.0005)


def test_haar_that_cannot_fit_is_refused() -> None:
    for copies in (True, False):
        with pytest.raises(MemoryError, match="bytes"):
            cf.algorithms.haar(2**50, copies=copies)


# --- butterfly -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_butterfly_is_dense_free_and_reproducible(dtype: type[np.generic]) -> None:
    net = cf.algorithms.butterfly(64, rng=3, dtype=dtype)
    assert net.dtype == dtype
    assert net.synapses == 2 * 64 * 6
    assert cf.synapse_count(net) == 64 * 64
    assert np.count_nonzero(net.toarray()) == 64 * 64
    assert net == cf.algorithms.butterfly(64, rng=3, dtype=dtype)
    assert net != cf.algorithms.butterfly(64, rng=4, dtype=dtype)


def test_butterfly_weights_have_mean_square_one_half() -> None:
    for dtype in (np.float64, np.complex128):
        net = cf.algorithms.butterfly(2**12, rng=np.random.default_rng(1), dtype=dtype)
        squares = np.concatenate([np.abs(layer.to_csr().data) ** 2 for layer in net])
        assert squares.mean() == pytest.approx(0.5, rel=0.02)


def test_butterfly_of_one_and_of_too_many() -> None:
    assert cf.algorithms.butterfly(1, rng=0).synapses == 1
    with pytest.raises(MemoryError, match="bytes"):
        cf.algorithms.butterfly(2**50)


def test_butterfly_redraws_zeros() -> None:
    from cheapfast.algorithms.butterfly import normal_weights

    class Zeros(np.random.Generator):
        """Draw zeros first."""

        calls = 0

        def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            numbers = super().standard_normal(*args, **kwargs)
            return np.where(numbers > 0, 0, numbers) if self.calls == 1 else numbers

    generator = Zeros(np.random.PCG64(0))
    assert normal_weights(generator, (8, 2, 2, 1), np.dtype(np.float64)).all()
    assert generator.calls == 2


# --- low_rank ------------------------------------------------------------------------------------


def test_low_rank_in_matrix_order() -> None:
    rng = np.random.default_rng(0)
    B, C = rng.uniform(1, 2, (50, 5)), rng.uniform(1, 2, (5, 40))
    net = cf.algorithms.low_rank(B, C)
    np.testing.assert_allclose(net.toarray(), B @ C)
    assert (net.shape, net.neurons, net.synapses) == ((50, 40), 5, 50 * 5 + 5 * 40)
    assert cf.synapse_count(net) == 50 * 40
    sparse_net = cf.algorithms.low_rank(scipy.sparse.csr_array(B), cf.Sparse(C))
    np.testing.assert_allclose(sparse_net.toarray(), B @ C)


def test_low_rank_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"^B .*\(5, 50\) and \(5, 40\)"):
        cf.algorithms.low_rank(np.ones((5, 50)), np.ones((5, 40)))


# --- random_sparse -------------------------------------------------------------------------------


def test_random_sparse_is_reproducible_binary_and_canonical() -> None:
    net = cf.algorithms.random_sparse(200, 0.05, 3, rng=1)
    assert (net.shape, net.depth) == ((200, 200), 3)
    assert net == cf.algorithms.random_sparse(200, 0.05, 3, rng=np.random.default_rng(1))
    first, second, _ = net
    assert first != second
    matrix = first.to_csr()
    assert matrix.has_canonical_format
    assert (matrix.data == 1).all()


@pytest.mark.parametrize("density", [0.01, 0.3, 0.5, 0.97])
def test_each_entry_is_a_synapse_with_the_given_probability(density: float) -> None:
    n, samples = 7, 20000
    generator = np.random.default_rng(11)
    hits = np.zeros(n * n)
    pairs = 0
    for _ in range(samples):
        positions = random_module._positions(n * n, density, generator)
        assert (np.diff(positions) > 0).all()
        hits[positions] += 1
        pairs += bool(np.isin([8, 9], positions).all())
    # five standard errors; 49 entries, and the joint probability of two neighbours
    error = math.sqrt(density * (1 - density) / samples)
    assert np.abs(hits / samples - density).max() < 5 * error
    assert abs(pairs / samples - density**2) < 5 * math.sqrt(density**2 / samples)


def test_number_of_synapses_is_binomial() -> None:
    counts = [cf.algorithms.random_sparse(1000, 1e-3, 1, rng=i).synapses for i in range(300)]
    std = math.sqrt(1e6 * 1e-3 * (1 - 1e-3))
    assert np.mean(counts) == pytest.approx(1000, abs=5 * std / math.sqrt(300))
    assert np.std(counts) == pytest.approx(std, rel=5 / math.sqrt(600))


@given(st.integers(1, 12), st.sampled_from([0.0, 0.2, 1.0]), st.integers(1, 3))
def test_extreme_densities(n: int, density: float, depth: int) -> None:
    net = cf.algorithms.random_sparse(n, density, depth, rng=0)
    if density == 0:
        assert net.synapses == 0
    if density == 1:
        assert net.synapses == depth * n * n


def test_tiny_density_of_a_wide_layer_does_not_overflow() -> None:
    positions = random_module._positions(2**60, 1e-18, np.random.default_rng(0))
    assert (positions >= 0).all()
    assert (positions < 2**60).all()
    assert len(random_module._positions(2**60, 1e-300, np.random.default_rng(0))) == 0
    thousand = random_module._positions(2**60, 2.0**-50, np.random.default_rng(0))
    assert len(thousand) == pytest.approx(1024, abs=160)
    assert thousand.mean() == pytest.approx(2.0**59, rel=0.1)


def test_random_sparse_draws_one_number_a_synapse() -> None:
    words = np.random.Philox(0)  # counts the blocks of four words that it has given
    net = cf.algorithms.random_sparse(10**5, 1e-4, 1, rng=np.random.Generator(words))
    assert net.synapses == pytest.approx(10**6, rel=0.01)  # of 10^10 entries
    drawn = 4 * int(words.state["state"]["counter"][0])
    assert net.synapses <= drawn < 1.05 * net.synapses  # an exponential seldom takes a second word


def test_random_sparse_that_cannot_fit_is_refused() -> None:
    with pytest.raises(MemoryError, match="bytes"):
        cf.algorithms.random_sparse(2**30, 0.5, 2)
    with pytest.raises(ValueError, match=r"^n must be at most 2\^30"):
        cf.algorithms.random_sparse(2**31, 1e-12, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ((9, -0.1, 1), ValueError, "density"),
        ((9, 1.1, 1), ValueError, "density"),
        ((9, math.nan, 1), ValueError, "density"),
        ((9, "x", 1), TypeError, "density"),
        ((9, True, 1), TypeError, "density"),
        ((9, 0.5, 0), ValueError, "depth"),
        ((9, 0.5, 1.5), TypeError, "depth"),
    ],
)
def test_bad_random_arguments_are_named(
    arguments: tuple[Any, ...], error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=f"^{name} must"):
        cf.algorithms.random_sparse(*arguments)


# --- sizes, for all of them ----------------------------------------------------------------------

BY_SIZE: dict[str, Callable[[Any], cf.Network]] = {
    "fourier": cf.algorithms.fourier,
    "hadamard": cf.algorithms.hadamard,
    "haar": cf.algorithms.haar,
    "butterfly": cf.algorithms.butterfly,
    "random_sparse": lambda n: cf.algorithms.random_sparse(n, 0.1, 2),
    "convolution": lambda n: cf.algorithms.convolution([1.0, 2.0], n),
}


@pytest.mark.parametrize("name", BY_SIZE)
@pytest.mark.parametrize(
    ("n", "error"),
    [(0, ValueError), (-8, ValueError), (True, TypeError), (8.0, TypeError), ("8", TypeError)],
)
def test_bad_sizes_are_named(name: str, n: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^n must"):
        BY_SIZE[name](n)


@pytest.mark.parametrize("name", ["hadamard", "haar", "butterfly"])
def test_powers_of_two_are_asked_for_with_the_neighbours(name: str) -> None:
    with pytest.raises(ValueError, match="power of two, got 12; the nearest are 8 and 16"):
        BY_SIZE[name](12)


@pytest.mark.parametrize("name", BY_SIZE)
def test_numpy_integers_are_sizes(name: str) -> None:
    assert BY_SIZE[name](np.int32(8)).shape == (8, 8)


@pytest.mark.parametrize(("rng", "error"), [(-1, ValueError), ("x", TypeError), (1.5, TypeError)])
def test_wrong_rng_is_named(rng, error):
    with pytest.raises(error, match="rng must be None, an integer from 0 on"):
        cf.algorithms.butterfly(4, rng=rng)
    with pytest.raises(error, match="rng must be None, an integer from 0 on"):
        cf.algorithms.random_sparse(4, 0.5, 1, rng=rng)
