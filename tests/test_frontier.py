"""Frontier and partial flattening: every partition into neighbours, by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast.flattening import reach, runs
from cheapfast.flattening.hubs import full_runs
from cheapfast.flattening.partition import least_partitions
from cheapfast.flattening.row_samples import lower_counts, sampling_memory
from cheapfast.support import CsrSupport
from references import pattern_of, structural_count, structural_counts


def all_partitions(size: int) -> list[tuple[int, ...]]:
    """Return the starts of the groups of every partition into neighbours."""
    cuts = range(1, size)
    return [(0, *chosen) for k in range(size) for chosen in itertools.combinations(cuts, k)]


@settings(max_examples=200)
@given(
    costs=st.integers(1, 7).flatmap(
        lambda n: st.tuples(
            *(
                st.lists(st.integers(0, 30), min_size=n - i, max_size=n - i).map(tuple)
                for i in range(n)
            )
        )
    ),
    scale=st.sampled_from([1, 2**70]),
)
def test_least_partitions_equal_brute_force(costs: tuple[tuple[int, ...], ...], scale: int) -> None:
    size = len(costs)
    scaled = [[scale * c for c in row] for row in costs]

    def cost(starts: tuple[int, ...]) -> int:
        return sum(scaled[a][b - a - 1] for a, b in itertools.pairwise((*starts, size)))

    found = least_partitions(scaled)
    assert len(found) == size
    for groups, partition in enumerate(found, start=1):
        candidates = [cost(p) for p in all_partitions(size) if len(p) == groups]
        assert partition.cost == min(candidates) == cost(partition.starts)
        assert len(partition.starts) == groups


@settings(max_examples=60)
@given(layers=strategies.chains(max_length=5, max_inputs=12))
def test_frontier_equals_brute_force(layers: list[cf.Layer]) -> None:
    net = cf.Network(layers)
    patterns = [pattern_of(layer.to_csr().toarray()) for layer in layers]

    def synapses(a: int, b: int) -> int:
        return layers[a].synapses if b == a + 1 else structural_count(patterns[a:b])

    points = cf.frontier(net)
    for point in points:
        partitions = [p for p in all_partitions(len(net)) if len(p) == point.hidden_layers + 1]
        assert point.synapses == min(
            sum(synapses(a, b) for a, b in itertools.pairwise((*p, len(net)))) for p in partitions
        )
        assert point.synapses == sum(synapses(a, b) for a, b in point.groups)
        assert point.neurons == sum(layers[b - 1].shape[0] for _, b in point.groups[:-1])
    assert points.best.synapses == min(point.synapses for point in points)
    assert points[len(net) - 1].synapses == net.synapses


def test_half_the_depth_of_an_fft_is_free() -> None:
    for n in (2**10, 2**60):
        points = cf.frontier(cf.algorithms.fourier(n, reorder=False))
        depth = n.bit_length() - 1
        assert [points[k].synapses for k in range(depth // 2 - 1, depth)] == [2 * n * depth] * (
            depth // 2 + 1
        )
        assert points[0].synapses == n * n


def test_cost_with_hidden_layers_is_an_upper_bound() -> None:
    cost = cf.flattening_cost(cf.algorithms.hadamard(64), hidden_layers=2)
    assert (cost.flat, cost.deep, cost.bound) == (3 * 64 * 4, 2 * 64 * 6, "upper")
    with pytest.raises(ValueError, match="method must be 'auto'"):
        cf.flattening_cost(cf.algorithms.hadamard(64), hidden_layers=2, method="closed")


@pytest.mark.parametrize("hidden_layers", [0, 1, 2, 3])
def test_flatten_is_the_same_map(hidden_layers: int) -> None:
    rng = np.random.default_rng(1)
    factors = [
        sp.random(9, 7, 0.4, format="csr", random_state=rng),
        sp.random(7, 11, 0.4, format="csr", random_state=rng),
        sp.random(11, 5, 0.4, format="csr", random_state=rng),
        sp.random(5, 8, 0.4, format="csr", random_state=rng),
    ]
    net = cf.chain(*factors)
    flat = cf.flatten(net, hidden_layers)
    assert flat.depth == hidden_layers + 1
    assert flat.synapses == cf.frontier(net)[hidden_layers].synapses
    np.testing.assert_allclose(flat.toarray(), net.toarray(), atol=1e-14)


def test_layers_that_stay_are_taken_as_they_are() -> None:
    net = cf.algorithms.hadamard(2**40)
    flat = cf.flatten(net, len(net) - 1)
    assert list(flat) == list(net)


@pytest.mark.parametrize(
    ("hidden_layers", "error", "message"),
    [
        (-1, ValueError, "hidden_layers must be at least 0"),
        (3, ValueError, "hidden_layers must be below the number of layers, 3, got 3"),
        (1.0, TypeError, "hidden_layers"),
    ],
)
def test_hidden_layers_out_of_range(
    hidden_layers: int, error: type[Exception], message: str
) -> None:
    net = cf.algorithms.hadamard(8)
    with pytest.raises(error, match=message):
        cf.flatten(net, hidden_layers)
    with pytest.raises(error, match=message):
        cf.flattening_cost(net, hidden_layers)


@pytest.mark.parametrize(
    "middle", [cf.Activation("tanh"), cf.Sparse(np.eye(3), bias=[1.0, 2, 3])], ids=["sigma", "bias"]
)
def test_networks_that_are_no_matrix(middle: cf.Layer) -> None:
    net = cf.Network([cf.Sparse(np.eye(3)), middle, cf.Sparse(np.eye(3))])
    with pytest.raises(ValueError, match=r"only a linear network has a frontier.*layers\[1\]"):
        cf.frontier(net)


def test_only_networks() -> None:
    with pytest.raises(TypeError, match="net must be a cheapfast"):
        cf.frontier(np.eye(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="net must be a cheapfast"):
        cf.flatten(np.eye(3))  # type: ignore[arg-type]


def test_progress_counts_runs() -> None:
    seen: list[tuple[int, int]] = []
    cf.frontier(cf.algorithms.hadamard(8), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 6), (5, 6), (6, 6), (6, 6)]


def test_it_shows_itself() -> None:
    points = cf.frontier(cf.algorithms.haar(8))
    assert repr(points).splitlines()[0].split() == [
        "hidden",
        "layers",
        "synapses",
        "merged",
        "layers",
    ]
    assert repr(points).count("*") == 1
    assert points._repr_html_().count("<tr>") == 1 + len(points)
    assert points[1:] == cf.flattening.Frontier(list(points)[1:])


def test_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    points = cf.frontier(cf.algorithms.hadamard(64))
    figure, ax = plt.subplots()
    assert points.plot(ax) is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [p.synapses for p in points])
    plt.close(figure)
    plt.close(points.plot().figure)
    for other in ("x", figure):
        with pytest.raises(TypeError, match=r"ax must be a matplotlib.axes.Axes, got (str|Figure)"):
            points.plot(other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "net",
    [
        cf.chain(np.ones((3, 40)), np.ones((40, 3))),  # the least is the first point
        cf.chain(np.ones((40, 1)), np.ones((1, 40))),  # the last
        cf.algorithms.fourier(256),  # one between
        cf.chain(np.zeros((3, 3)), np.zeros((3, 3))),  # on a logarithmic axis 0 has no place
    ],
)
def test_the_label_of_the_least_point_is_seen(net: cf.Network) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    ax = cf.frontier(net).plot()
    ax.figure.draw_without_rendering()
    label = ax.texts[0].get_window_extent()
    assert ax.bbox.x0 < label.x0 < label.x1 < ax.bbox.x1
    assert ax.bbox.y0 < label.y0 < label.y1 < ax.bbox.y1
    line = ax.lines[0].get_path().transformed(ax.transData)
    assert not line.intersects_bbox(label, filled=False)
    plt.close(ax.figure)


def test_plot_of_one_layer_counts_hidden_layers_in_whole_numbers() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    ax = cf.frontier(cf.chain(np.eye(3))).plot()
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [0]
    plt.close(ax.figure)


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="plots need matplotlib"):
        cf.frontier(cf.algorithms.hadamard(4)).plot()


def dense_counts(patterns: list[np.ndarray], singles: list[int]) -> list[list[int]]:
    """Count every run of layers by multiplying dense patterns."""
    return [[singles[i], *structural_counts(patterns[i:])[1:]] for i in range(len(patterns))]


@settings(max_examples=80)
@given(
    depth=st.integers(1, 10),
    width=st.integers(1, 14),
    density=st.floats(0.02, 0.9),
    seed=st.integers(0, 2**32 - 1),
    cheap=st.sampled_from([0, 10**9]),
)
def test_up_to_ten_layers_equal_all_partitions(
    depth: int, width: int, density: float, seed: int, cheap: int
) -> None:
    """With all starts counted bit-parallel, and with bounds that are refined."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, width + 1, depth + 1)
    patterns = [rng.random((b, a)) < density for a, b in itertools.pairwise(sizes)]
    net = cf.Network([pattern.astype(float) for pattern in patterns])
    counts = dense_counts(patterns, [int(p.sum()) for p in patterns])

    def cost(starts: tuple[int, ...]) -> int:
        return sum(counts[a][b - a - 1] for a, b in itertools.pairwise((*starts, depth)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_CHEAP_START", cheap)
        points = cf.frontier(net)
    for point in points:
        starts = tuple(a for a, _ in point.groups)
        candidates = [cost(p) for p in all_partitions(depth) if len(p) == len(starts)]
        assert point.synapses == cost(starts) == min(candidates)


@settings(max_examples=60)
@given(layers=strategies.chains(max_length=7, max_inputs=12), cheap=st.sampled_from([0, 10**9]))
def test_bounds_hold_and_what_is_known_is_exact(layers: list[cf.Layer], cheap: int) -> None:
    net = cf.Network(layers)
    patterns = [pattern_of(layer.to_csr().toarray()) for layer in layers]
    counts = dense_counts(patterns, [layer.synapses for layer in layers])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_CHEAP_START", cheap)
        found = runs.Runs(net)
    table = found.counts
    if cheap:
        assert table.known[np.triu_indices(len(net))].all()
    found.least_partitions()
    for i, row in enumerate(counts):
        for j, count in enumerate(row, start=i):
            assert table.bounds[i, j] <= count
            assert not table.known[i, j] or table.bounds[i, j] == count


def test_runs_that_cannot_decide_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hubs make long runs dear by their lower bounds alone."""
    hub = sp.lil_array((60, 60))
    hub.setdiag(1.0)
    hub[0, :] = 1.0
    hub[:, 0] = 1.0
    net = cf.Network([sp.block_diag([hub, sp.identity(5)], format="csr")] * 8)
    expected = cf.frontier(net)
    counted: list[int] = []
    count = runs.count_structural

    def watched(net: cf.Network, *args: object) -> object:
        counted.append(len(net))
        return count(net, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "_CHEAP_START", 0)
    monkeypatch.setattr(runs, "count_structural", watched)
    assert [p.synapses for p in cf.frontier(net)] == [p.synapses for p in expected]
    assert len(counted) <= len(net) < len(net) * (len(net) - 1) // 2


@pytest.mark.parametrize("honest", [True, False])
def test_what_estimates_decide_is_labelled(honest: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts are exact whatever an estimate says; what it ruled out is not called proven."""
    net = cf.algorithms.random_sparse(300, 0.006, 7, rng=4)
    expected = cf.frontier(net)
    guessed: list[int] = []

    def guess(run: cf.Network, **options: object) -> cf.Estimate:
        guessed.append(len(run))
        true = cf.synapse_count(run)
        value = true * 1.003 if honest else 1e9  # far too high: everything is ruled out
        return cf.Estimate(value, 0.005 * true, (0.99 * true, 1.01 * true), 0.95, "hyperloglog")

    monkeypatch.setattr(runs, "_CHEAP_START", 0)
    monkeypatch.setattr(runs, "_DEAR_COUNT", 0)
    monkeypatch.setattr(runs, "estimate_synapses", guess)
    found = cf.frontier(net)
    assert guessed
    for mine, right in zip(found, expected, strict=True):
        assert mine.synapses >= right.synapses
        counts = [cf.synapse_count(net[a:b]) for a, b in mine.groups]
        assert mine.synapses == sum(counts)
        assert mine.synapses == right.synapses or not (mine.proven or honest)
    assert found[0].proven
    assert found[len(net) - 1].proven
    unproven = [point.hidden_layers for point in found if not point.proven]
    assert unproven
    assert ("?" in repr(found)) == ("rests on estimates" in repr(found)) is True
    assert "rests on estimates" in found._repr_html_()
    assert "?" not in repr(expected)


@pytest.mark.parametrize("error", [ValueError, MemoryError])
def test_where_nothing_can_be_estimated_is_counted(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = cf.algorithms.random_sparse(200, 0.01, 5, rng=4)
    expected = cf.frontier(net)

    def refuse(*_: object, **__: object) -> cf.Estimate:
        raise error

    monkeypatch.setattr(runs, "_CHEAP_START", 0)
    monkeypatch.setattr(runs, "_DEAR_COUNT", 0)
    monkeypatch.setattr(runs, "estimate_synapses", refuse)
    monkeypatch.setattr(runs, "sampling_memory", lambda _: 1 << 62)  # no room for rows either
    assert cf.frontier(net) == expected
    assert all(point.proven for point in cf.frontier(net))


def test_estimates_that_turn_out_exact_are_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    net = cf.algorithms.random_sparse(200, 0.01, 5, rng=4)
    expected = cf.frontier(net)
    monkeypatch.setattr(runs, "_CHEAP_START", 0)
    monkeypatch.setattr(runs, "_DEAR_COUNT", 0)
    found = cf.frontier(net)
    assert [point.synapses for point in found] == [point.synapses for point in expected]


def test_rows_and_columns_of_all_runs() -> None:
    rng = np.random.default_rng(3)
    dense = [rng.random((9, 9)) < 0.15 for _ in range(70)]  # more than one word of starts
    layers = [cf.Sparse(matrix.astype(float)).support.to_csr() for matrix in dense]
    rows = reach.nonzero_rows(layers)
    columns = reach.nonzero_rows(reach.transposed(layers))[::-1, ::-1].T
    for i in range(0, 70, 3):
        product = dense[i]
        for j in range(i, min(i + 12, 70)):
            product = product if j == i else (dense[j].astype(int) @ product) > 0
            assert rows[i, j] == product.any(axis=1).sum()
            assert columns[i, j] == product.any(axis=0).sum()


def supports(dense: list[np.ndarray]) -> list[CsrSupport]:
    return [cf.Sparse(matrix.astype(float)).support.to_csr() for matrix in dense]


@settings(max_examples=60)
@given(
    depth=st.integers(2, 9),
    width=st.integers(1, 90),
    per_row=st.floats(0.2, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_runs_proven_full_are_full(depth: int, width: int, per_row: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, width + 1, depth + 1)
    dense = [rng.random((b, a)) < per_row / a for a, b in itertools.pairwise(sizes)]
    layers = supports(dense)
    columns_first = reach.transposed(layers)
    rows = reach.nonzero_rows(layers)
    columns = reach.nonzero_rows(columns_first)[::-1, ::-1].T
    counts = dense_counts(dense, [int(matrix.sum()) for matrix in dense])
    for middle in range(1, depth):
        for i, j in full_runs(layers, columns_first, middle, rows, columns):
            assert i < middle <= j
            assert counts[i][j - i] == rows[i, j] * columns[i, j]


def test_long_runs_are_proven_full() -> None:
    rng = np.random.default_rng(5)
    layers = supports([rng.random((400, 400)) < 3 / 400 for _ in range(40)])
    columns_first = reach.transposed(layers)
    rows = reach.nonzero_rows(layers)
    columns = reach.nonzero_rows(columns_first)[::-1, ::-1].T
    found = list(full_runs(layers, columns_first, 20, rows, columns))
    assert found
    assert max(i - j for i, j in found) > -30


def test_bounds_from_rows_are_close_and_hold() -> None:
    """Layers alike, layers with a few long rows, and rows of which few are not empty."""
    rng = np.random.default_rng(6)
    n = 2000
    alike = [rng.random((n, n)) < 2 / n for _ in range(5)]
    uneven = [rng.random((n, n)) < 20 / n / rng.permutation(np.arange(1, n + 1)) for _ in range(4)]
    rare = [alike[0], alike[1] & (np.arange(n) < 3)[:, np.newaxis]]
    for dense in (alike, uneven, rare):
        layers = supports(dense)
        last = len(layers) - 1
        counts = [structural_counts(dense[i:])[-1] for i in range(last)] + [int(dense[-1].sum())]
        for seed in range(5):
            bounds = lower_counts(layers, np.random.default_rng(seed), 2, 1 << 30)
            assert len(bounds) == len(counts)
            for bound, count in zip(bounds, counts, strict=True):
                assert 0 <= bound <= count
                assert dense is not alike or bound > 0.7 * count
    assert sampling_memory(layers) == 128 * n


def test_runs_that_are_counted_by_columns_tell_of_shorter_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = cf.algorithms.random_sparse(600, 0.005, 9, rng=4)
    expected = cf.frontier(net)
    counted: list[int] = []
    prefixes = runs.count_prefixes_csr

    def watched(layers: list[CsrSupport], *args: int) -> list[int]:
        counted.append(len(layers))
        return prefixes(layers, *args)

    monkeypatch.setattr(runs, "_CHEAP_START", 0)
    monkeypatch.setattr(runs, "count_prefixes_csr", watched)
    found = cf.frontier(net)
    assert found == expected
    assert counted
    monkeypatch.setattr(runs, "count_prefixes_csr", refuse_memory)
    assert cf.frontier(net) == expected


def refuse_memory(*_: object) -> list[int]:
    raise MemoryError


def test_a_thousand_layers() -> None:
    """Small ones: the table of all runs against products of dense patterns."""
    net = cf.algorithms.random_sparse(12, 0.25, 1000, rng=4)
    points = cf.frontier(net)
    assert len(points) == 1000
    for point in (points[0], points[10], points.best, points[999]):
        for a, b in point.groups:
            assert b > a
        assert point.synapses == sum(
            net[a].synapses if b == a + 1 else cf.synapse_count(net[a:b]) for a, b in point.groups
        )
    assert points[999].synapses == net.synapses


def test_memory_limit_holds() -> None:
    net = cf.algorithms.random_sparse(300, 0.05, 4, rng=1)
    with pytest.raises(MemoryError):
        cf.frontier(net, memory_limit=1000)
    assert cf.frontier(net, memory_limit="1G") == cf.frontier(net)
