"""Unflattening: every family, in every order, against the matrix itself."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast.flattening.unflatten.numbers import prime_factors

Array = npt.NDArray[Any]
DTYPES = strategies.DTYPES


def fourier(n: int) -> Array:
    return np.exp(-2j * np.pi * (np.outer(np.arange(n), np.arange(n)) % n) / n)


def hadamard(n: int) -> Array:
    return cf.algorithms.hadamard(n).toarray()


def cosine(n: int) -> Array:
    return np.cos(np.pi * np.outer(np.arange(n), 2 * np.arange(n) + 1) / (2 * n))


def sine(n: int) -> Array:
    return np.sin(np.pi * np.outer(np.arange(n) + 1, 2 * np.arange(n) + 1) / (2 * n))


def hartley(n: int) -> Array:
    angle = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    return np.cos(angle) + np.sin(angle)


def butterfly(n: int, kind: str, rng: np.random.Generator) -> Array:
    """Return a random radix-2 butterfly: orthogonal, of signs, or with normal weights."""
    layers = []
    for bit in range(n.bit_length() - 1):
        a, d = 1 << bit, n >> (bit + 1)
        if kind == "orthogonal":
            angle = rng.uniform(0, 2 * np.pi, (a, d))
            c, s = np.cos(angle), np.sin(angle)
            values = np.array([[c, -s], [s, c]]).transpose(2, 0, 1, 3)
        elif kind == "signs":
            values = np.array([[1.0, 1], [1, -1]])[:, :, None] * rng.choice([-1, 1], (a, 1, 2, d))
        else:
            values = rng.standard_normal((a, 2, 2, d))
        layers.append(cf.KroneckerSparse((a, 2, 2, d), values))
    return cf.Network(layers[::-1]).toarray()


def shuffled(matrix: Array, rng: np.random.Generator) -> Array:
    n, m = matrix.shape
    return matrix[rng.permutation(n)][:, rng.permutation(m)]


def check(found: cf.Unflattening, matrix: Array, tolerance: float = 1e-12) -> None:
    """Compare everything that was said with the network multiplied out."""
    norm = float(np.linalg.norm(matrix))
    distance = float(np.linalg.norm(found.network.toarray() - matrix))
    assert distance <= tolerance * norm
    # both are sums of rounding errors, in another order
    assert found.error == pytest.approx(distance / norm if norm else 0, rel=0.5, abs=1e-15)
    taken = next(c for c in found.candidates if c.family == found.family)
    assert taken.synapses == found.network.synapses
    assert taken.error is not None
    assert found.network.shape == matrix.shape


def families(rng: np.random.Generator) -> dict[str, tuple[Array, str, float]]:
    """Return matrices with the family that must be found and what it must save."""
    normal = rng.standard_normal
    blocks = np.kron(np.eye(6), np.ones((20, 20)))
    for i in range(6):
        blocks[20 * i : 20 * i + 20, 20 * i : 20 * i + 20] = normal((20, 2)) @ normal((2, 20))
    monarch = np.einsum("tis,stj->itsj", normal((16, 8, 8)), normal((8, 16, 16))).reshape(128, 128)
    kernel = normal(120)
    diagonals = normal(139)
    return {
        "fourier": (fourier(60), "butterfly", 4.9),
        "circulant": (kernel[(np.arange(120)[:, None] - np.arange(120)) % 120], "Toeplitz", 4.2),
        "Toeplitz": (
            diagonals[np.arange(60)[:, None] - np.arange(80) + 79],
            "Toeplitz",
            1.3,
        ),
        "Hankel": (diagonals[np.arange(60)[:, None] + np.arange(80)], "Toeplitz", 1.3),
        "Kronecker": (np.kron(normal((8, 8)), normal((15, 15))), "butterfly", 5.2),
        "rectangular Kronecker": (np.kron(normal((6, 4)), normal((5, 7))), "butterfly", 3.2),
        "low rank": (normal((90, 5)) @ normal((5, 110)), "low rank", 9.9),
        "rank one": (normal((90, 1)) @ normal((1, 77)), "low rank", 41.0),
        "Monarch": (monarch, "butterfly", 5.3),
        "cosine": (cosine(128), "rank butterfly", 3.1),
        "blocks": (shuffled(blocks, rng), "components", 29.9),
        "sparse": (sp.random(60, 70, density=0.05, random_state=rng).toarray(), "as it is", 19.9),
        "permuted": (shuffled(hadamard(32), rng), "permuted butterfly", 3.1),
    }


@pytest.mark.parametrize("name", families(np.random.default_rng(0)))
def test_families_are_found(name: str) -> None:
    matrix, family, saving = families(np.random.default_rng(4))[name]
    found = cf.unflatten(matrix)
    assert found.family in (family, "butterfly") if name == "rank one" else found.family == family
    assert found.saving >= saving
    check(found, matrix)


@pytest.mark.parametrize("n", [8, 27, 36, 60, 64, 100, 128, 210])
def test_fourier_costs_what_the_fast_transform_does(n: int) -> None:
    found = cf.unflatten(fourier(n))
    assert found.network.synapses == n * sum(prime_factors(n))
    check(found, fourier(n))


@pytest.mark.parametrize("dtype", DTYPES)
def test_single_precision_is_kept(dtype: str) -> None:
    matrix = (fourier(48) if np.dtype(dtype).kind == "c" else hadamard(64)).astype(dtype)
    found = cf.unflatten(matrix)
    assert found.network.dtype == dtype
    assert found.family == "butterfly"
    single = np.dtype(dtype).itemsize in (4, 8) and dtype != "float64"
    assert found.tolerance == (pytest.approx(32 * 2**-23) if single else 1e-12)
    check(found, matrix, found.tolerance)


def test_digits_may_be_in_any_order() -> None:
    rng = np.random.default_rng(2)
    n = 256
    digits = fourier(n).reshape((2,) * 16)
    for _ in range(4):
        axes = [*rng.permutation(8), *(8 + rng.permutation(8))]
        matrix = digits.transpose(axes).reshape(n, n)
        found = cf.unflatten(matrix)
        assert found.family == "butterfly"
        assert found.network.synapses == 2 * 8 * n
        check(found, matrix)


@pytest.mark.parametrize("transform", [cosine, sine, hartley, lambda n: cosine(n).T])
def test_rank_two(transform: Any) -> None:
    matrix = transform(256)
    found = cf.unflatten(matrix)
    assert found.family == "rank butterfly"
    assert found.saving > 5
    check(found, matrix)


@pytest.mark.parametrize("kind", ["fourier", "hadamard", "orthogonal", "signs", "normal"])
@pytest.mark.parametrize("noise", [0.0, 1e-6])
def test_permutations_are_found(kind: str, noise: float) -> None:
    rng = np.random.default_rng(11)
    n = 256
    made = {"fourier": fourier, "hadamard": hadamard}.get(kind)
    matrix = shuffled(made(n) if made else butterfly(n, kind, rng), rng)
    added = rng.standard_normal(matrix.shape)
    matrix = matrix + noise * np.linalg.norm(matrix) / np.linalg.norm(added) * added
    tolerance = max(10 * noise, 1e-12)
    found = cf.unflatten(matrix, tolerance=tolerance)
    assert found.family == "permuted butterfly"
    assert found.saving > 12
    check(found, matrix, tolerance)


@pytest.mark.parametrize("seed", range(4))
def test_signs_are_found_whatever_the_seed(seed: int) -> None:
    """Any two rows of signs have two ratios: a row's partner is one of hundreds of candidates."""
    rng = np.random.default_rng(seed)
    matrix = shuffled(butterfly(512, "signs", rng), rng)
    found = cf.unflatten(matrix)
    assert found.network.synapses == 2 * 9 * 512
    check(found, matrix)


@pytest.mark.parametrize("shape", [(64, 64), (61, 97), (128, 32)])
def test_random_matrices_have_no_structure(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(9).standard_normal(shape)
    with pytest.raises(cf.StructureNotFound, match="no network of at most") as caught:
        cf.unflatten(matrix)
    names = [candidate.family for candidate in caught.value.candidates]
    assert names[0] == "as it is"
    assert names[-1] == "permuted butterfly"
    assert caught.value.candidates[0].synapses == matrix.size
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.candidates == caught.value.candidates
    assert str(again) == str(caught.value)
    assert all(name in str(again) for name in names)


@pytest.mark.parametrize(
    ("matrix", "synapses"),
    [
        (np.zeros((3, 4)), 0),
        (np.zeros((1, 1)), 0),
        ([[7.0]], 1),
        (np.eye(5), 5),
        (np.diag([1.0, 0, 3]), 2),
        (np.eye(6)[[3, 1, 2, 0, 5, 4]], 6),
        (np.arange(1.0, 9)[None], 8),
        (np.arange(1.0, 9)[:, None], 8),
        ([[1.0, 0, 2]], 2),
        (sp.csr_array(sp.eye(4)), 4),
    ],
)
def test_what_cannot_be_cheaper_is_returned(matrix: Any, synapses: int) -> None:
    found = cf.unflatten(matrix)
    assert found.network.synapses == synapses
    assert found.error == 0
    check(found, matrix.toarray() if sp.issparse(matrix) else np.asarray(matrix))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, bool, np.float16])
def test_other_numbers_are_promoted(dtype: Any) -> None:
    matrix = np.ones((8, 8), dtype)
    found = cf.unflatten(matrix)
    assert found.network.synapses == 16
    assert found.network.dtype == (np.float32 if dtype is np.float16 else np.float64)


@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e-324])
def test_extreme_numbers(scale: float) -> None:
    matrix = scale * hadamard(32)
    found = cf.unflatten(matrix)
    assert found.network.synapses == 320
    np.testing.assert_allclose(found.network.toarray(), matrix, rtol=1e-12)


@pytest.mark.parametrize("layout", ["fortran", "strided", "read-only", "sparse"])
def test_layouts(layout: str) -> None:
    matrix = fourier(32)
    given_as: Any = {
        "fortran": np.asfortranarray(matrix),
        "strided": np.repeat(matrix, 2, axis=1)[:, ::2],
        "read-only": matrix.copy(),
        "sparse": sp.csr_array(matrix),
    }[layout]
    if layout == "read-only":
        given_as.flags.writeable = False
    check(cf.unflatten(given_as), matrix)


def test_results_are_reproducible() -> None:
    rng = np.random.default_rng(3)
    matrix = shuffled(butterfly(64, "orthogonal", rng), rng)
    first = cf.unflatten(matrix, threads=1)
    again = cf.unflatten(matrix, threads=4)
    assert first.candidates == again.candidates
    for x, y in zip(first.network, again.network, strict=True):
        np.testing.assert_array_equal(x.to_csr().toarray(), y.to_csr().toarray())
    other = cf.unflatten(matrix, rng=np.random.default_rng(77))
    check(other, matrix)


def test_the_matrix_is_left_alone() -> None:
    matrix = hadamard(32)
    before = matrix.copy()
    cf.unflatten(matrix)
    np.testing.assert_array_equal(matrix, before)


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        (np.ones(3), {}, ValueError, "matrix must have 2 dimension"),
        (np.ones((0, 3)), {}, ValueError, "matrix must not be empty"),
        ([[np.nan]], {}, ValueError, "matrix must be finite, got 1 NaN"),
        ([[np.inf, 1]], {}, ValueError, "matrix must be finite"),
        (np.ones((2, 2), object), {}, TypeError, "matrix must be one of float32"),
        (np.ones((2, 2), np.longdouble), {}, TypeError, "matrix must be one of float32"),
        (np.eye(2), {"tolerance": -1}, ValueError, "tolerance must be a finite number from 0"),
        (np.eye(2), {"tolerance": 1}, ValueError, "tolerance must be below 1, the relative error"),
        (np.eye(2), {"tolerance": 2.5}, ValueError, "tolerance must be below 1, .* got 2.5"),
        (np.eye(2), {"tolerance": np.nan}, ValueError, "tolerance must be"),
        (np.eye(2), {"tolerance": np.inf}, ValueError, "tolerance must be"),
        (np.eye(2), {"tolerance": "small"}, TypeError, "tolerance must be a finite number"),
        (np.eye(2), {"tolerance": True}, TypeError, "tolerance must be a finite number"),
        (np.eye(2), {"min_saving": 0.5}, ValueError, "min_saving must be at least 1"),
        (np.eye(2), {"min_saving": np.nan}, ValueError, "min_saving must be at least 1"),
        (np.eye(2), {"min_saving": "much"}, TypeError, "min_saving must be a number"),
        (np.eye(2), {"rng": -1}, ValueError, "rng must be"),
        (np.eye(2), {"rng": "dice"}, TypeError, "rng must be"),
        (np.eye(2), {"threads": 0}, ValueError, "threads must be"),
        (np.eye(2), {"progress": 3}, TypeError, "progress must be"),
    ],
)
def test_bad_input(matrix: Any, options: dict[str, Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        cf.unflatten(matrix, **options)


def test_a_tolerance_of_noise_is_needed() -> None:
    rng = np.random.default_rng(6)
    matrix = hadamard(64) + 1e-7 * rng.standard_normal((64, 64))
    with pytest.raises(cf.StructureNotFound):
        cf.unflatten(matrix, tolerance=1e-9)
    found = cf.unflatten(matrix, tolerance=1e-6)
    assert found.network.synapses == 768
    assert 1e-8 < found.error < 1.1e-7
    check(found, matrix, 1e-6)


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
def test_large_noisy_matrices_are_fitted_to_all_entries(dtype: str) -> None:
    """Crosses of blocks with noise would be a few times as far away as the noise is."""
    rng = np.random.default_rng(6)
    exact = (fourier(256) if dtype == "complex64" else hadamard(256)).astype(dtype)
    noise = 1e-4 * rng.standard_normal(exact.shape)
    matrix = (exact + noise).astype(dtype)
    found = cf.unflatten(matrix, tolerance=1e-3)
    assert found.network.synapses == 4096
    size = float(np.linalg.norm(noise) / np.linalg.norm(matrix))
    assert 0.5 * size < found.error < size
    check(found, matrix, 1e-3)


def test_large_matrices_with_weights_of_all_sizes() -> None:
    rng = np.random.default_rng(6)
    layers = []
    for bit in range(8):
        a, d = 1 << bit, 128 >> bit
        values = rng.standard_normal((a, 2, 2, d)) * 10.0 ** rng.uniform(-3, 0, (a, 2, 2, d))
        layers.append(cf.KroneckerSparse((a, 2, 2, d), values))
    matrix = cf.Network(layers[::-1]).toarray()
    found = cf.unflatten(matrix)
    assert found.network.synapses == 4096
    assert found.error < 1e-14
    check(found, matrix)


def test_low_rank_beyond_one_panel() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((700, 150)) @ rng.standard_normal((150, 640))
    found = cf.unflatten(matrix)
    assert found.family == "low rank"
    assert found.network.synapses == 150 * (700 + 640)
    check(found, matrix)


def test_min_saving() -> None:
    assert cf.unflatten(hadamard(16), min_saving=2).saving == 2
    with pytest.raises(cf.StructureNotFound, match="at most 85 synapses"):
        cf.unflatten(hadamard(16), min_saving=3)


def test_it_shows_itself() -> None:
    found = cf.unflatten(fourier(32))
    text = repr(found)
    assert text.startswith("Unflattening(32x32: 320 synapses in 5 layers, error ")
    assert "  *  butterfly" in text
    table = found._repr_html_()
    assert table.startswith("<table>")
    assert table.count("<tr>") == 1 + len(found.candidates)


def test_progress_counts_families() -> None:
    seen: list[tuple[int, int]] = []
    cf.unflatten(hadamard(16), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 7)
    assert seen[-1] == (7, 7)
    assert seen == sorted(seen)


def test_ctrl_c_stops_the_search() -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cf.unflatten(hadamard(16), progress=interrupt)


@settings(max_examples=40, deadline=None)
@given(
    rng=strategies.rngs(),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    density=st.floats(0, 1),
    tolerance=st.sampled_from([0, 1e-12, 1e-3, 0.3]),
)
def test_whatever_is_returned_is_within_the_tolerance(
    rng: np.random.Generator, shape: tuple[int, int], density: float, tolerance: float
) -> None:
    matrix = rng.integers(-2, 3, shape) * (rng.random(shape) < density)
    try:
        found = cf.unflatten(matrix, tolerance=tolerance)
    except cf.StructureNotFound:
        return
    check(found, matrix.astype(float), found.tolerance)
