"""algorithms.fourier and .convolution against numpy.fft; the factorisation behind them."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast._primality import is_prime
from cheapfast.algorithms._primes import prime_factors


def relative_error(actual: npt.NDArray[Any], desired: npt.NDArray[Any]) -> float:
    return float(np.linalg.norm(actual - desired) / np.linalg.norm(desired))


def complex_normal(n: int, seed: int = 0) -> npt.NDArray[np.complex128]:
    return np.random.default_rng(seed).standard_normal((n, 2)).view(np.complex128)[:, 0]


# --- primes --------------------------------------------------------------------------------------


@given(st.integers(1, 10**9) | st.integers(1, 2**64))
def test_factors_are_primes_with_the_right_product(n: int) -> None:
    factors = prime_factors(n)
    assert math.prod(factors) == n
    assert factors == sorted(factors)
    assert all(is_prime(p) for p in factors)


def test_primality_against_a_sieve() -> None:
    sieve = np.ones(20000, dtype=bool)
    sieve[:2] = False
    for p in range(2, 142):
        sieve[p * p :: p] = False
    assert [n for n in range(20000) if is_prime(n)] == np.flatnonzero(sieve).tolist()


class Divided(int):
    """An integer that counts the divisions of it and by it, and ends them after `allowed`."""

    allowed: int

    def _divide(self, number: int, divisor: int) -> tuple[Divided, Divided]:
        Divided.allowed -= 1
        assert Divided.allowed >= 0, "too many divisions"
        quotient, remainder = divmod(int(number), int(divisor))
        return Divided(quotient), Divided(remainder)

    def __floordiv__(self, other: int) -> Divided:
        return self._divide(self, other)[0]

    def __mod__(self, other: int) -> Divided:
        return self._divide(self, other)[1]

    def __rmod__(self, other: int) -> Divided:
        return self._divide(other, self)[1]


@pytest.mark.parametrize(
    "factors",
    [
        [2**30 - 41, 2**30 - 35],
        [2**30 - 35, 2**30 - 35],  # a square
        [1009] * 5,
        [2**40 - 167, 2**40 - 87],
        [2**61 - 1],
        [2, 3, 1299709, 15485863],
        [274177, 67280421310721],  # 2^64 + 1
        [2] * 100,
    ],
)
def test_divisions_grow_with_the_root_of_the_second_largest_factor(factors: list[int]) -> None:
    # a walk through the residues modulo p meets itself after about sqrt(p) steps; the 168 primes
    # below 1000 and the proofs of primality come on top
    second = sorted([1, *factors])[-2]
    Divided.allowed = 2000 + 4 * math.isqrt(second)
    assert prime_factors(Divided(math.prod(factors))) == factors


@pytest.mark.parametrize("n", [2047, 3215031751, 3825123056546413051, 561, 1194649, 12327121])
def test_pseudoprimes_are_not_taken_for_primes(n: int) -> None:
    # strong pseudoprimes to base 2, to the bases 2 to 7, to the bases 2 to 23; a Carmichael number;
    # the squares of the two Wieferich primes
    assert not is_prime(n)


def test_numbers_beyond_the_proof_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^n must be factored"):
        prime_factors(2 * (2**89 - 1))
    with pytest.raises(ValueError, match="proven only"):
        is_prime(2**89 - 1)


# --- fourier -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 65))
def test_every_small_length_equals_numpy(n: int) -> None:
    identity = np.eye(n)
    matrix = cf.algorithms.fourier(n) @ identity
    # a matrix entry is a product of at most log2 n unit numbers
    np.testing.assert_allclose(matrix, np.fft.fft(identity, axis=0), atol=4e-15, rtol=0)
    np.testing.assert_allclose(cf.algorithms.fourier(n).toarray(), matrix, atol=4e-15, rtol=0)


@given(st.integers(1, 500), st.integers(0, 2**32 - 1))
def test_any_length_equals_numpy(n: int, seed: int) -> None:
    x = complex_normal(n, seed)
    assert relative_error(cf.algorithms.fourier(n) @ x, np.fft.fft(x)) < 1e-14


@pytest.mark.parametrize("n", [2**20, 2 * 3 * 5 * 7 * 11 * 13, 3**9, 2 * 1009])
def test_long_transforms_equal_numpy(n: int) -> None:
    x = complex_normal(n)
    assert relative_error(cf.algorithms.fourier(n) @ x, np.fft.fft(x)) < 1e-14


@pytest.mark.parametrize("n", [1, 2, 12, 30, 49, 64])
def test_without_reordering_the_input_is_digit_reversed(n: int) -> None:
    x = complex_normal(n)
    full = cf.algorithms.fourier(n)
    bare = cf.algorithms.fourier(n, reorder=False)
    reordered = full[:1] @ x if len(full) > len(bare) else x
    np.testing.assert_allclose(bare @ reordered, np.fft.fft(x), atol=1e-13)
    if n == 12:  # factors 2, 2, 3: index 4 a + 2 b + c reads a + 3 (b + 2 c)
        order = [a + 3 * (b + 2 * c) for a in range(3) for b in range(2) for c in range(2)]
        np.testing.assert_array_equal(reordered, x[order])


@pytest.mark.parametrize("n", [2, 8, 256, 2**60, 30030, 9, 13, 360])
def test_synapses_follow_the_sum_of_the_prime_factors(n: int) -> None:
    factors = prime_factors(n)
    reordering = n if len(factors) > 1 else 0  # identity reorderings are left out
    net = cf.algorithms.fourier(n)
    assert net.synapses == n * sum(factors) + reordering
    assert cf.algorithms.fourier(n, reorder=False).synapses == n * sum(factors)
    assert cf.synapse_count(net) == n * n
    assert net.depth == len(factors) + (reordering > 0)


def test_one_point_is_a_one_by_one_network() -> None:
    net = cf.algorithms.fourier(1)
    assert (net.shape, net.depth, net.synapses) == ((1, 1), 1, 1)
    np.testing.assert_array_equal(net.toarray(), [[1]])


def test_inverse_and_adjoint() -> None:
    n = 60
    net = cf.algorithms.fourier(n)
    x = complex_normal(n)
    np.testing.assert_allclose(net.H @ (net @ x), n * x, rtol=1e-13)
    np.testing.assert_allclose(net.T @ x, np.fft.fft(x), atol=1e-13)  # symmetric


def test_single_precision() -> None:
    net = cf.algorithms.fourier(360, dtype=np.complex64)
    x = complex_normal(360).astype(np.complex64)
    y = net @ x
    assert y.dtype == np.complex64
    assert relative_error(y, np.fft.fft(x.astype(complex))) < 1e-6


def test_huge_transform_is_built_without_its_values() -> None:
    cf.algorithms.fourier(2**60)  # imports, first use
    tracemalloc.start()
    net = cf.algorithms.fourier(2**60)
    assert net.synapses == 121 * 2**60
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert cf.flattening_cost(net).flat == 2**120


def test_huge_prime_is_symbolic_until_it_is_applied() -> None:
    prime = 2**31 - 1
    net = cf.algorithms.fourier(prime)
    assert net.synapses == cf.synapse_count(net) == prime**2
    with pytest.raises(MemoryError, match="bytes"):
        net.toarray()


@pytest.mark.parametrize("dtype", [np.float64, np.int32, object])
def test_dtype_must_be_complex(dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"^dtype"):
        cf.algorithms.fourier(8, dtype=dtype)


# --- convolution ---------------------------------------------------------------------------------


def circular(kernel: npt.NDArray[Any], x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convolve by the definition: y[k] = sum_j kernel[j] x[k - j]."""
    return np.asarray(sum(tap * np.roll(x, j) for j, tap in enumerate(kernel)))


@given(st.integers(1, 200), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_convolution_equals_its_definition(n: int, taps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, x = rng.standard_normal(taps), rng.standard_normal(n)
    result = cf.algorithms.convolution(kernel, n) @ x
    # rounding errors scale with the worst amplification, the sum of |kernel|
    scale = np.abs(kernel).sum() * np.linalg.norm(x)
    assert np.linalg.norm(result - circular(kernel, x)) < 1e-14 * scale


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_convolution_synapses(k: int) -> None:
    n = 2**k
    net = cf.algorithms.convolution([3.0, 1.0], n)
    assert net.synapses == 4 * n * k + n
    assert net.depth == 2 * k + 1
    assert cf.synapse_count(net) == n * n
    assert (cf.flattening_cost(net).ratio > 1) == (n >= 32)


def test_zeros_of_the_spectrum_are_no_synapses() -> None:
    n = 8
    net = cf.algorithms.convolution(np.ones(n), n)  # the mean: all frequencies but one vanish
    assert net.synapses == 4 * n * 3 + 1
    np.testing.assert_allclose(net.toarray(), np.ones((n, n)), atol=1e-15)


def test_convolution_takes_complex_and_single_precision() -> None:
    kernel = complex_normal(5)
    x = complex_normal(12, 1)
    np.testing.assert_allclose(
        cf.algorithms.convolution(kernel, 12) @ x, circular(kernel, x), atol=1e-13
    )
    assert cf.algorithms.convolution(np.ones(2, np.float32), 8).dtype == np.complex64
    assert cf.algorithms.convolution([1, 2], 8).dtype == np.complex128


def test_convolution_agrees_with_the_flat_layer() -> None:
    kernel = np.array([1.0, -2.0, 0.5])
    flat = cf.Network([cf.Convolution(kernel, (10,))])
    np.testing.assert_allclose(
        cf.algorithms.convolution(kernel, 10).toarray(), flat.toarray(), atol=1e-14
    )


@pytest.mark.parametrize(
    ("kernel", "error"),
    [
        ([], ValueError),
        ([[1.0]], ValueError),
        (1.0, ValueError),
        ([1.0, math.nan], ValueError),
        ([1.0, math.inf], ValueError),
        (["a"], TypeError),
        ([None], TypeError),
    ],
)
def test_bad_kernels_are_named(kernel: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^kernel must"):
        cf.algorithms.convolution(kernel, 8)


def test_spectrum_that_cannot_fit_is_refused() -> None:
    with pytest.raises(MemoryError, match="bytes"):
        cf.algorithms.convolution([1.0], 2**50)
