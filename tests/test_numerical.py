"""Counts after cancellation: against exact rational arithmetic, entry by entry."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast import _core
from cheapfast._primality import is_prime
from cheapfast.counting import count_numerical
from cheapfast.counting.numerical import _entry_bits, _written_out, random_prime
from interrupting import PATIENCE, posix_only, seconds_until_interrupted
from references import fourier_matrix

Array = npt.NDArray[Any]
PLENTY = 1 << 32


def exact_product(matrices: list[Array]) -> list[list[tuple[Fraction, Fraction]]]:
    """Product of dense matrices in matrix order, real and imaginary parts as fractions."""

    def rational(value: complex) -> tuple[Fraction, Fraction]:
        value = complex(value)
        return Fraction(value.real), Fraction(value.imag)

    product = [[rational(value) for value in row] for row in matrices[0]]
    for matrix in matrices[1:]:
        entries = [[rational(value) for value in row] for row in matrix]
        columns = range(matrix.shape[1])
        product = [
            [
                (
                    sum((a * c - b * d for (a, b), (c, d) in pairs(row, entries, j)), Fraction(0)),
                    sum((a * d + b * c for (a, b), (c, d) in pairs(row, entries, j)), Fraction(0)),
                )
                for j in columns
            ]
            for row in product
        ]
    return product


def pairs(row: Any, entries: Any, j: int) -> Any:
    return zip(row, (other[j] for other in entries), strict=True)


def exact_count(matrices: list[Array]) -> int:
    """Nonzeros of the product, exactly."""
    return sum(entry != (0, 0) for row in exact_product(matrices) for entry in row)


def random_matrix(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> Array:
    """Values that cancel often: few of them, or repeated rows with opposite signs."""
    present = rng.random(shape) < rng.choice([0.2, 0.5, 0.9])
    if kind == "integers":
        values = rng.integers(-2, 3, shape).astype(float)
    elif kind == "rationals":  # as floats: 0.1 + 0.2 is not 0.3, and stays so
        values = rng.choice([0.1, 0.2, 0.3, -0.3, 1 / 3, -1e-200, 1e200, 2.0**-1074], shape)
    else:
        values = rng.integers(-1, 2, shape) + 1j * rng.integers(-1, 2, shape)
    values = np.where(present, values, 0)
    if shape[0] > 1 and rng.random() < 0.5:
        values[-1] = -values[0]
    return values


def planted_chain(rng: np.random.Generator, kind: str) -> list[Array]:
    """Two to five small matrices; sometimes the product of two of them is known to cancel."""
    sizes = rng.integers(1, 6, rng.integers(3, 7))
    chain = [random_matrix(rng, shape, kind) for shape in itertools.pairwise(sizes)]
    if rng.random() < 0.5:  # [x x] times [y; -y] is zero
        k = int(rng.integers(len(chain) - 1))
        left, right = chain[k], chain[k + 1]
        chain[k], chain[k + 1] = np.hstack([left, left]), np.vstack([right, -right])
    return chain


@pytest.mark.parametrize("kind", ["integers", "rationals", "complex"])
def test_planted_cancellation_in_two_thousand_chains(kind: str) -> None:
    rng = np.random.default_rng({"integers": 1, "rationals": 2, "complex": 3}[kind])
    fewer = 0
    for _ in range(700):
        matrices = planted_chain(rng, kind)
        net = cf.chain(*(cf.Sparse(matrix) for matrix in matrices))
        count = cf.synapse_count(net, kind="numerical", rng=rng)
        assert count == exact_count(matrices)
        fewer += count < cf.synapse_count(net)
    assert fewer > 100  # there was something to find


@settings(max_examples=150)
@given(layers=strategies.chains(max_length=4, max_inputs=10, max_outputs=30))
def test_every_kind_of_layer(layers: list[cf.Layer]) -> None:
    net = cf.Network(layers)
    matrices = [layer.to_csr().toarray() for layer in reversed(layers)]
    assert cf.synapse_count(net, kind="numerical", rng=1) == exact_count(matrices)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
def test_types_and_threads(dtype: type, index: type, threads: int) -> None:
    rng = np.random.default_rng(4)
    layers = []
    for _ in range(3):
        matrix = sp.csr_array(rng.integers(-1, 2, (60, 60)).astype(dtype))
        matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
        layers.append(matrix)
    net = cf.chain(*layers)
    dense = layers[0].toarray() @ layers[1].toarray() @ layers[2].toarray()
    for tolerance in (0.0, 1e-6):
        count = count_numerical(net, tolerance, rng=1, threads=threads)
        assert count.value == np.count_nonzero(dense)
    assert count_numerical(net, rng=1).error_probability < 1e-25


@pytest.mark.parametrize("n", [1, 2, 16, 256])
def test_hadamard_times_hadamard_is_a_diagonal(n: int) -> None:
    net = cf.algorithms.hadamard(n) @ cf.algorithms.hadamard(n)
    assert cf.synapse_count(net, kind="numerical") == n
    assert cf.synapse_count(net) == n * n
    assert cf.synapse_count(net, kind="numerical", tolerance=1e-12) == n


@pytest.mark.parametrize("n", [2, 12, 60, 64])
def test_twiddles_cancel_up_to_rounding_only(n: int) -> None:
    fourier = cf.algorithms.fourier(n)
    assert cf.synapse_count(fourier, kind="numerical", tolerance=1e-12) == n * n
    assert cf.synapse_count(fourier.H @ fourier, kind="numerical", tolerance=1e-12) == n
    dense = fourier_matrix(n)
    inverse = cf.chain(dense.conj().T, dense)
    assert cf.synapse_count(inverse, kind="numerical", tolerance=1e-12) == n
    if n > 2:  # rounded twiddles are rationals, and as such do not cancel
        assert cf.synapse_count(inverse, kind="numerical") > n


def test_rounding_is_told_from_cancellation() -> None:
    third = np.array([[0.1, 0.2, -0.3]])
    ones = np.ones((3, 1))
    assert (0.1 + 0.2) - 0.3 != 0  # in floating point, and as rationals
    assert cf.synapse_count(cf.chain(third, ones), kind="numerical") == 1
    # here the floating-point sum is 0 though the exact one is not
    lost = np.array([[1.0, 1e-30, -1.0]])
    assert (lost @ ones)[0, 0] in (0.0, 1e-30)
    assert cf.synapse_count(cf.chain(lost, ones), kind="numerical") == 1
    assert cf.synapse_count(cf.chain(lost, ones), kind="numerical", tolerance=1e-12) == 0


def test_extremes_of_the_exponent() -> None:
    tiny, huge = 5e-324, 1.7e308
    net = cf.chain([[tiny, tiny, huge]], [[huge], [-huge], [tiny]])
    assert cf.synapse_count(net, kind="numerical") == 1
    net = cf.chain([[tiny, -tiny]], [[huge], [huge]])
    assert cf.synapse_count(net, kind="numerical") == 0


def test_with_a_tolerance_long_chains_do_not_overflow() -> None:
    A = np.array([[1e120, 1e120], [1e120, -1e120]])
    net = cf.chain(*[A] * 40)
    assert cf.synapse_count(net, kind="numerical", tolerance=1e-9) == 2
    assert cf.synapse_count(net, kind="numerical") == 2


def test_with_a_tolerance_a_range_too_wide_is_refused() -> None:
    net = cf.chain([[1e-200, -1.0]], [[1.0], [1.0]])
    with pytest.raises(ValueError, match="use tolerance=0, which is exact at any range"):
        cf.synapse_count(net, kind="numerical", tolerance=1e-9)
    assert cf.synapse_count(net, kind="numerical") == 1


def test_positive_weights_cannot_cancel() -> None:
    A = sp.random(50, 50, 0.1, format="csr", random_state=np.random.default_rng(1))
    result = count_numerical(cf.chain(A, A))
    assert result.value == cf.synapse_count(cf.chain(A, A))
    assert result.error_probability == 0
    assert result.method != "modular"


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_random_primes(seed: int) -> None:
    prime, root = random_prime(np.random.default_rng(seed))
    assert 2**60 < prime < 2**61
    assert prime % 4 == 1
    assert is_prime(prime)
    assert root * root % prime == prime - 1


def largest_integer(matrices: list[Array]) -> int:
    """Return the largest entry, or norm of one, once each matrix is made of integers."""
    scale = Fraction(1)
    for matrix in matrices:
        parts = np.concatenate([matrix.real.ravel(), matrix.imag.ravel()])
        least = int(np.frexp(parts[parts != 0])[1].min())
        scale *= Fraction(2) ** (53 - least)
    entries = [entry for row in exact_product(matrices) for entry in row]
    if any(np.iscomplexobj(matrix) for matrix in matrices):
        found = max(a * a + b * b for a, b in entries) * scale**2
    else:
        found = max(abs(a) for a, _ in entries) * scale
    assert found.denominator == 1
    return int(found)


@pytest.mark.parametrize("unit", [1.0, 1j, 1 + 1j])
@pytest.mark.parametrize("widths", [(1, 1), (2, 3, 4), (1, 16, 4, 1, 2)])
def test_entries_have_at_most_the_bits_that_the_error_is_bounded_with(
    widths: tuple[int, ...], unit: complex
) -> None:
    rng = np.random.default_rng(sum(widths))
    shapes = [(b, a) for a, b in itertools.pairwise(widths)]
    largest = [np.full(shape, 2 - 2.0**-52) for shape in shapes]
    spread = [rng.standard_normal(shape) * 2.0 ** rng.integers(-9, 9, shape) for shape in shapes]
    for reals in (largest, spread):
        matrices = [matrix * unit if unit.imag else matrix for matrix in reals[::-1]]
        net = cf.chain(*matrices)
        bits = _entry_bits(net, _written_out(net))
        found = math.log2(largest_integer(matrices))
        assert found <= bits
        if reals is largest and unit != 1j:  # then the bound is sharp
            assert found > bits - 1e-9


def test_a_gaussian_integer_vanishes_modulo_a_prime_that_divides_its_norm() -> None:
    layers = [
        (1, 1, np.array([0, 1]), np.array([0]), np.array([2 + 3j])),
        (1, 1, np.array([0, 1]), np.array([0]), np.array([1 + 0j])),
    ]
    for prime, root in [(13, 5), (13, 8), (17, 4), (29, 12)]:
        vanishes = (2 + 3 * root) % prime == 0
        counted = _core.count_modular(layers, (prime, root), (prime, root), 1, PLENTY, None)
        assert counted == (0 if vanishes else 1)
        assert not vanishes or (2**2 + 3**2) % prime == 0


def test_a_prime_that_divides_everything_is_what_the_second_one_is_for() -> None:
    # -3 + 16 = 13: zero modulo 13, and not modulo 17
    layers = [
        (1, 2, np.array([0, 2]), np.array([0, 1]), np.array([1.0, 16.0])),
        (2, 1, np.array([0, 1, 2]), np.array([0, 0]), np.array([-3.0, 1.0])),
    ]
    assert _core.count_modular(layers, (13, 5), (13, 5), 1, PLENTY, None) == 0
    assert _core.count_modular(layers, (13, 5), (17, 4), 1, PLENTY, None) == 1


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
@settings(max_examples=200)
def test_images_of_floats_are_exact(x: float, y: float) -> None:
    # x y - y x = 0 whatever x and y are, and x y + x y is 0 only for zeros
    first = (1, 2, np.array([0, 2]), np.array([0, 1]), np.array([x, y]))
    for sign, expected in ((-1, 0), (1, int(x != 0 and y != 0))):
        second = (2, 1, np.array([0, 1, 2]), np.array([0, 0]), np.array([y, sign * x]))
        primes = [random_prime(np.random.default_rng(seed)) for seed in (1, 2)]
        assert _core.count_modular([first, second], *primes, 1, PLENTY, None) == expected


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"tolerance": -1e-9}, ValueError, "tolerance must be at least 0 and below 1, got -1e-09"),
        ({"tolerance": math.nan}, ValueError, "tolerance must be at least 0"),
        ({"tolerance": 1.0}, ValueError, "below 1"),
        ({"tolerance": "0.1"}, TypeError, "tolerance must be a number"),
        ({"method": "push"}, ValueError, "method must be 'auto' for kind='numerical', got 'push'"),
        ({"rng": -1}, ValueError, "rng must be"),
        ({"memory_limit": 100}, MemoryError, "100 B"),
        ({"memory_limit": 900}, MemoryError, "of the memory limit"),
        ({"threads": 0}, ValueError, "threads"),
    ],
)
def test_bad_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    A = sp.csr_array(np.eye(9) - np.eye(9, k=2))
    with pytest.raises(error, match=message):
        cf.synapse_count(cf.chain(A, A), kind="numerical", **arguments)


@pytest.mark.filterwarnings("ignore:.*NaN or infinite")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    net = cf.chain([[1.0, -1.0]], [[value], [1.0]])
    with pytest.raises(ValueError, match=r"layer 0 .* holds 1 NaN or infinite"):
        cf.synapse_count(net, kind="numerical")


def test_activations_are_refused() -> None:
    net = cf.Network([cf.Sparse(np.eye(3)), cf.Activation("tanh"), cf.Sparse(np.eye(3))])
    with pytest.raises(TypeError, match=r"(?i)activation"):
        cf.synapse_count(net, kind="numerical")


def test_flattening_cost_after_cancellation() -> None:
    net = cf.algorithms.hadamard(16) @ cf.algorithms.hadamard(16)
    cost = cf.flattening_cost(net, kind="numerical")
    assert (cost.flat, cost.deep, cost.kind, cost.method) == (16, 256, "numerical", "modular")
    with pytest.raises(ValueError, match="hidden_layers must be 0 for kind='numerical'"):
        cf.flattening_cost(net, 2, kind="numerical")


def test_columns_beyond_32_bits() -> None:
    wide = sp.csr_array(
        (np.ones(4), np.array([5, 2**40, 2**41, 2**40]), np.array([0, 1, 3, 4])), (3, 2**42)
    )
    head = np.array([[1.0, 1, 0], [0, 1, -1]])
    assert cf.synapse_count(cf.chain(head, wide), kind="numerical") == 3 + 1


def test_progress_counts_rows_and_may_stop() -> None:
    rng = np.random.default_rng(6)
    n, per_row = 20_000, 60
    indices = np.sort(
        rng.integers(0, n // per_row, (n, per_row)) + n // per_row * np.arange(per_row)
    )
    data = rng.choice([-1.0, 1.0], n * per_row)
    A = sp.csr_array((data, indices.ravel(), np.arange(0, n * per_row + 1, per_row)), (n, n))
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 2:
            raise StopIteration

    with pytest.raises(StopIteration):
        cf.synapse_count(cf.chain(A, A, A), kind="numerical", progress=note)
    assert all(0 <= done <= total == n for done, total in seen)


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("function", ["count_modular", "count_with_tolerance", "count_rows"])
def test_ctrl_c_stops_a_long_count(function: str, threads: int) -> None:
    setup = """
        import numpy as np
        from cheapfast import _core
        from test_core import PLENTY, long_chain
        layers = long_chain(3)
        valued = [(*layer, np.where(np.arange(len(layer[3])) % 3, 1.0, -1.0)) for layer in layers]
        rows = np.arange(200_000)"""
    call = {
        "count_modular": "_core.count_modular(valued, (13, 5), (17, 4), {}, 16 * PLENTY, None)",
        "count_with_tolerance": "_core.count_with_tolerance(valued, 0.1, {}, 16 * PLENTY, None)",
        "count_rows": "_core.count_rows(layers, rows, {}, PLENTY, None)",
    }[function].format(threads)
    assert seconds_until_interrupted(setup, call) < PATIENCE


def test_columns_beyond_32_bits_are_refused() -> None:
    layer = (1, 2**32, np.array([0, 1]), np.array([2**32 - 1]), np.array([-1.0]))
    primes = random_prime(np.random.default_rng(0)), random_prime(np.random.default_rng(1))
    with pytest.raises(ValueError, match="fewer than 2\\^32 columns"):
        _core.count_modular([layer], *primes, 1, 1 << 60, None)
    with pytest.raises(ValueError, match="fewer than 2\\^32 columns"):
        _core.count_with_tolerance([layer], 0.1, 1, 1 << 60, None)
