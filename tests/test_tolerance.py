"""Approximate flattening: against sorting all entries, and against the true error."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast.flattening import blocks, selection, tolerance
from cheapfast.flattening.norms import simple_upper_bound, spectral_norm


def by_sorting(matrix: np.ndarray, error: float) -> int:
    """Keep the largest entries until what is left out is small enough."""
    squares = np.sort(np.abs(matrix[matrix != 0]).astype(np.longdouble) ** 2)
    if error == 0:
        return len(squares)
    lost = np.cumsum(squares)
    return len(squares) - int(np.searchsorted(lost, np.longdouble(error) ** 2 * lost[-1], "right"))


def relative_error(exact: np.ndarray, approximate: np.ndarray) -> float:
    norm = np.linalg.norm(exact)
    return float(np.linalg.norm(exact - approximate) / norm) if norm else 0.0


def gaussian(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns))


# --- the curve -----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(layers=strategies.chains(max_length=4, max_inputs=12), error=st.floats(0, 1.5))
def test_curve_cost_and_network_agree_with_sorting(layers: list[cf.Layer], error: float) -> None:
    """Small integers: the squares are exact in every order."""
    net = cf.Network(layers)
    if net.dtype in (np.float32, np.complex64):
        net = net.astype(np.complex128 if net.dtype.kind == "c" else np.float64)
    flat = net.toarray()
    if not np.array_equal(flat, flat.round()):  # a Fourier layer: ties are broken by rounding
        return
    expected = by_sorting(flat, error) if flat.any() else 0
    curve = cf.tolerance_curve(net)
    assert curve.exact
    assert curve.synapses(error) == expected
    assert curve.flat == np.count_nonzero(flat)
    if error > 0:
        assert cf.flattening_cost(net, tolerance=error).flat == expected
        approximate = cf.flatten(net, tolerance=error)
        assert approximate.synapses == expected
        assert relative_error(flat, approximate.toarray()) <= error * (1 + 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtypes(dtype: str) -> None:
    matrix = gaussian(40, 30).astype(dtype)
    if matrix.dtype.kind == "c":
        matrix = matrix + (1j * gaussian(40, 30, seed=1)).astype(dtype)
    net = cf.Network([matrix])
    for error in (0.01, 0.1, 0.5):
        flat = cf.flatten(net, tolerance=error)
        assert flat.dtype == np.dtype(dtype)
        assert flat.synapses == by_sorting(matrix, error) == cf.tolerance_curve(net).synapses(error)


def test_hadamard_has_only_ties() -> None:
    n = 256
    curve = cf.tolerance_curve(cf.algorithms.hadamard(n))
    for error in (0.0, 1e-3, 0.03, 0.25, 0.5, 1.0, 2.0):
        assert curve.synapses(error) == n * n - min(n * n, math.floor(error**2 * n * n))
    assert cf.flatten(cf.algorithms.hadamard(n), tolerance=0.25).synapses == n * n * 15 // 16


def test_gaussian_at_ten_percent() -> None:
    curve = cf.tolerance_curve(cf.Network([gaussian(1024, 1024)]))
    assert curve.synapses(0.1) / 1024**2 == pytest.approx(0.735, abs=0.002)


def test_error_is_the_inverse() -> None:
    matrix = gaussian(20, 25)
    curve = cf.tolerance_curve(cf.Network([matrix]))
    for kept in (0, 1, 100, 499, 500):
        error = curve.error(kept)
        assert curve.synapses(error * (1 + 1e-12)) == kept
        largest = np.sort(np.abs(matrix.ravel()))[::-1][kept:]
        assert error == pytest.approx(np.linalg.norm(largest) / np.linalg.norm(matrix), rel=1e-12)
    assert curve.norm == pytest.approx(np.linalg.norm(matrix))
    with pytest.raises(ValueError, match="synapses must be between 0 and 500"):
        curve.error(501)


def test_it_shows_itself() -> None:
    curve = cf.tolerance_curve(cf.algorithms.hadamard(16))
    assert repr(curve).splitlines()[0].split() == ["tolerance", "synapses", "C_s"]
    assert "256" in repr(curve)
    assert curve._repr_html_().count("<tr>") == len(repr(curve).splitlines())


def test_plot() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    curve = cf.tolerance_curve(cf.Network([gaussian(30, 30)]))
    ax = curve.plot()
    tolerances, synapses = ax.lines[0].get_data()
    assert (np.diff(tolerances) >= 0).all()
    assert synapses[0] == 900
    assert synapses[-1] == 0
    plt.close(ax.figure)


# --- what does not fit ---------------------------------------------------------------------------


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let almost nothing fit: blocks of a few columns, bins that need another pass."""
    monkeypatch.setattr(blocks, "available_bytes", lambda: 2 * 500 * blocks._ENTRY_BYTES)
    monkeypatch.setattr(selection, "_SORTABLE", 3)


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("error", [1e-9, 0.01, 0.1, 0.5, 0.9, 1.0, 3.0])
@pytest.mark.parametrize("kind", ["gaussian", "hadamard", "sparse"])
def test_streamed_equals_sorting(kind: str, error: float) -> None:
    net = {
        "gaussian": lambda: cf.Network([gaussian(60, 50), gaussian(40, 60, seed=1)]),
        "hadamard": lambda: cf.algorithms.hadamard(64),
        "sparse": lambda: cf.algorithms.random_sparse(80, 0.1, 2, rng=3),
    }[kind]()
    assert not blocks.FlatBlocks(net).in_memory
    flat = net.toarray()
    expected = by_sorting(flat, error)
    assert cf.flattening_cost(net, tolerance=error).flat == expected
    approximate = cf.flatten(net, tolerance=error)
    assert approximate.synapses == expected
    assert relative_error(flat, approximate.toarray()) <= error * (1 + 1e-12)
    curve = cf.tolerance_curve(net)
    low, high = curve.bounds(error)
    assert not curve.exact
    assert low <= expected <= high
    assert high - low <= max(3, flat.size // 50)


@pytest.mark.usefixtures("streamed")
def test_brackets_are_called_that() -> None:
    curve = cf.tolerance_curve(cf.Network([gaussian(60, 60)]))
    assert curve.bounds(0) == (3600, 3600)
    bracketed = [t for t in np.linspace(0.1, 0.9, 50) if len(set(curve.bounds(t))) == 2]
    assert bracketed
    with pytest.raises(ValueError, match=r"is bracketed only.*flattening_cost"):
        curve.synapses(bracketed[0])
    assert " to " in repr(curve)
    kept = by_sorting(gaussian(60, 60), 0.3)
    assert (
        curve.error(kept) >= cf.tolerance_curve(cf.Network([gaussian(60, 60)])).error(kept) - 1e-12
    )


def test_blocks_equal_the_whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    net = cf.Network([gaussian(30, 41), sp.random(50, 30, 0.2, random_state=1), gaussian(20, 50)])
    whole = net.to_csr()
    monkeypatch.setattr(blocks, "_BLOCK_ENTRIES", 100)
    seen: list[tuple[int, int]] = []
    parts = list(blocks.FlatBlocks(net, report=lambda done, total: seen.append((done, total))))
    assert len(parts) > 5
    np.testing.assert_array_equal(sp.hstack(parts).toarray(), whole.toarray())
    assert seen[-1] == (41, 41)


def test_a_column_that_does_not_fit_is_refused() -> None:
    with pytest.raises(MemoryError, match="one column of the flattened network needs"):
        cf.tolerance_curve(cf.algorithms.hadamard(1024), memory_limit=10_000)


@given(
    values=st.lists(
        st.one_of(st.floats(0, 1e100), st.sampled_from([0.0, 1.0, 2.0, 5e-324])), max_size=60
    ),
    share=st.floats(0, 1.2),
    sortable=st.sampled_from([0, 2, 2**20]),
    pieces=st.integers(1, 4),
)
def test_selection_equals_sorting(
    values: list[float], share: float, sortable: int, pieces: int
) -> None:
    squares = np.array(values, dtype=np.float64)
    parts = np.array_split(squares, pieces)
    budget = share * float(squares.sum())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_SORTABLE", sortable)
        found = selection.select(lambda: iter(parts), budget)
    lost = math.fsum(np.sort(squares)[: found.dropped])
    assert lost <= budget * (1 + 1e-12)
    assert found.squares == pytest.approx(lost, rel=1e-12)
    if found.dropped < len(squares):
        more = math.fsum(np.sort(squares)[: found.dropped + 1])
        assert more >= budget * (1 - 1e-12)
    kept, ties = [], 0
    for part in parts:
        kept.append(found.kept(part, ties))
        ties += int((part == found.threshold).sum())
    stay = np.concatenate(kept)
    assert int((~stay).sum()) == found.dropped
    if 0 < found.dropped < len(squares):
        assert squares[~stay].max() <= squares[stay].min()


def test_running_sums_round_as_short_sums_do() -> None:
    values = np.full(200_001, 0.1)
    sums = tolerance.running_sums(values)
    assert len(sums) == len(values) + 1
    for k in (0, 1, 4096, 4097, 8192, 200_001):
        assert sums[k] == pytest.approx(0.1 * k, rel=1e-13)


# --- with hidden layers --------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    depth=st.integers(2, 5),
    hidden=st.integers(1, 4),
    error=st.floats(0.001, 0.9),
    density=st.floats(0.1, 1),
)
def test_error_of_merged_layers_is_below_its_bound(
    seed: int, depth: int, hidden: int, error: float, density: float
) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 15, depth + 1)
    layers = [
        np.where(rng.random((b, a)) < density, rng.standard_normal((b, a)), 0)
        for a, b in itertools.pairwise(sizes)
    ]
    net = cf.Network(layers)
    hidden = min(hidden, depth - 1)
    approximate = cf.flatten(net, hidden, tolerance=error)
    assert approximate.depth == hidden + 1
    assert relative_error(net.toarray(), approximate.toarray()) <= error * (1 + 1e-9)
    cost = cf.flattening_cost(net, hidden, tolerance=error)
    assert cost.flat == approximate.synapses <= cf.frontier(net)[hidden].synapses
    assert (cost.bound, cost.kind) == ("upper", "numerical")
    assert cost.flat_neurons == approximate.neurons


def test_dropping_pays_where_entries_decay() -> None:
    rng = np.random.default_rng(0)
    decay = np.exp(-np.abs(np.subtract.outer(np.arange(60), np.arange(60)) / 3.0))
    net = cf.Network([decay * rng.uniform(1, 2, (60, 60)) for _ in range(4)])
    cost = cf.flattening_cost(net, 1, tolerance=0.01)
    assert cost.flat < 0.9 * cf.flattening_cost(net, 1).flat


def test_layers_that_lose_nothing_stay_symbolic() -> None:
    net = cf.algorithms.hadamard(64)
    assert list(cf.flatten(net, 5, tolerance=1e-12)) == list(net)


# --- both costs ----------------------------------------------------------------------------------


def test_neuron_cost() -> None:
    net = cf.algorithms.fourier(64, reorder=False)
    flat, half = cf.flattening_cost(net), cf.flattening_cost(net, 2)
    assert (flat.deep_neurons, flat.flat_neurons, flat.neuron_ratio) == (5 * 64, 0, 0.0)
    assert (half.flat_neurons, half.neuron_ratio) == (2 * 64, 0.4)
    assert "neuron_ratio=0.4" in repr(half)
    assert "C<sub>n</sub>" in half._repr_html_()
    assert math.isnan(cf.flattening_cost(cf.Network([np.eye(3)])).neuron_ratio)


# --- the spectral norm ---------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    rows=st.integers(1, 14),
    columns=st.integers(1, 14),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["float32", "float64", "complex64", "complex128"]),
)
def test_norm_is_between_its_bounds(
    rows: int, columns: int, density: float, seed: int, dtype: str
) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((rows, columns)) < density, gaussian(rows, columns, seed), 0)
    matrix = (matrix * (1 + (2j if "complex" in dtype else 0))).astype(dtype)
    low, high = spectral_norm(cf.Sparse(matrix).to_csr())
    exact = np.linalg.norm(matrix.astype(np.complex128), 2)
    assert low <= exact * (1 + 1e-12)
    assert exact <= high * (1 + 1e-14)
    assert high <= simple_upper_bound(cf.Sparse(matrix).to_csr())


def test_norm_without_the_gram_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    from cheapfast.flattening import norms

    monkeypatch.setattr(norms, "_GRAM_PAIRS", 0)
    matrix = cf.Sparse(gaussian(9, 12)).to_csr()
    low, high = spectral_norm(matrix)
    assert high == simple_upper_bound(matrix)
    assert low <= np.linalg.norm(matrix.toarray(), 2) <= high


@pytest.mark.parametrize("n", [4, 64, 256])
def test_norm_of_orthogonal_matrices_is_sharp(n: int) -> None:
    low, high = spectral_norm(cf.algorithms.hadamard(n).to_csr())
    assert low == pytest.approx(math.sqrt(n), rel=1e-10)
    assert high == pytest.approx(math.sqrt(n), rel=1e-10)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), error=st.floats(0, 1.2))
def test_spectral_cost_by_all_subsets(seed: int, error: float) -> None:
    """A 3 x 3 matrix has few enough subsets of entries to try them all, keeping their values."""
    matrix = np.random.default_rng(seed).standard_normal((3, 3))
    norm = np.linalg.norm(matrix, 2)
    cost = cf.spectral_cost(cf.Network([matrix]), error)
    masks = (np.arange(512)[:, np.newaxis] >> np.arange(9)) & 1
    errors = np.linalg.norm(matrix * (1 - masks.reshape(-1, 3, 3)), 2, axis=(1, 2))
    best = min(
        int(m.sum()) for m, e in zip(masks, errors, strict=True) if e <= error * norm + 1e-14
    )
    assert cost.lower <= best
    assert best <= cost.upper or error * norm - errors.min() < 1e-9
    if error == 0:
        assert cost.lower == cost.upper == 9


def test_spectral_cost_shows_itself() -> None:
    cost = cf.spectral_cost(cf.algorithms.haar(64), 0.3)
    assert repr(cost).startswith("SpectralCost(deep=")
    assert cost.ratio[0] <= cost.ratio[1]
    assert "at least" in cost._repr_html_()


# --- activations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [0.0, 1e-3])
def test_linear_runs(error: float) -> None:
    rng = np.random.default_rng(2)
    net = cf.Network(
        [
            cf.Sparse(gaussian(8, 6), bias=rng.standard_normal(8)),
            gaussian(7, 8, seed=1),
            cf.Activation("tanh"),
            gaussian(9, 7, seed=2),
            cf.Activation("relu"),
            cf.Activation("logistic"),
            gaussian(5, 9, seed=3),
            cf.Sparse(gaussian(4, 5, seed=4), bias=rng.standard_normal(4)),
        ]
    )
    flat = cf.flatten(net, linear_runs=True, tolerance=error)
    assert [layer.is_linear for layer in flat] == [True, False, True, False, False, True]
    x = rng.standard_normal((6, 10))
    np.testing.assert_allclose(flat @ x, net @ x, atol=1e-12 if error == 0 else 0.05)
    if error == 0:
        assert flat[2] is net[3]  # a layer between activations is left as it is


def test_linear_runs_of_a_linear_network_are_one_matrix() -> None:
    net = cf.algorithms.hadamard(8)
    flat = cf.flatten(net, linear_runs=True)
    np.testing.assert_array_equal(flat.toarray(), net.toarray())
    assert flat.depth == 1


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-0.1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("0.1", TypeError),
        (True, TypeError),
        (None, TypeError),
        (1j, TypeError),
    ],
)
def test_tolerances_that_are_none(value: Any, error: type[Exception]) -> None:
    net = cf.algorithms.hadamard(8)
    for call in (
        lambda: cf.flatten(net, tolerance=value),
        lambda: cf.flattening_cost(net, tolerance=value),
        lambda: cf.tolerance_curve(net).bounds(value),
        lambda: cf.spectral_cost(net, value),
    ):
        with pytest.raises(error, match="tolerance must be"):
            call()


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e150])
@pytest.mark.filterwarnings("ignore:.*NaN or infinite")
def test_matrices_without_a_norm(bad: float) -> None:
    net = cf.Network([np.array([[1.0, bad], [0.0, 1.0]]), np.eye(2)])
    for call in (
        lambda: cf.tolerance_curve(net),
        lambda: cf.flatten(net, tolerance=0.1),
        lambda: cf.flatten(net, 1, tolerance=0.1),
        lambda: cf.flattening_cost(net, tolerance=0.1),
        lambda: cf.spectral_cost(net, 0.1),
    ):
        with pytest.raises(ValueError, match="net must flatten to"):
            call()


def test_networks_that_are_no_matrix() -> None:
    net = cf.Network([np.eye(3), cf.Activation("tanh"), np.eye(3)])
    with pytest.raises(ValueError, match=r"layers\[1\].*linear_runs=True"):
        cf.flatten(net)
    for call in (
        lambda: cf.tolerance_curve(net),
        lambda: cf.spectral_cost(net, 0.1),
    ):
        with pytest.raises(ValueError, match=r"only a linear network has.*layers\[1\]"):
            call()
    with pytest.raises((TypeError, ValueError), match="tanh"):
        cf.flattening_cost(net, tolerance=0.1)
    with pytest.raises(ValueError, match="hidden_layers must be 0 with linear_runs=True, got 1"):
        cf.flatten(net, 1, linear_runs=True)
    for function in (cf.tolerance_curve, lambda m: cf.spectral_cost(m, 0.1)):
        with pytest.raises(TypeError, match="net must be a cheapfast"):
            function(np.eye(3))


def test_empty_and_zero_matrices() -> None:
    for matrix in (np.zeros((3, 4)), np.zeros((0, 4)), np.zeros((3, 0))):
        net = cf.Network([matrix])
        curve = cf.tolerance_curve(net)
        assert (curve.flat, curve.synapses(0.5), curve.norm, curve.error(0)) == (0, 0, 0.0, 0.0)
        assert cf.flatten(net, tolerance=0.5).synapses == 0
        assert cf.flattening_cost(net, tolerance=0.5).flat == 0
        assert cf.spectral_cost(net, 0.5).upper == 0
        assert repr(curve)
