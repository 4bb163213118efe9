"""Merging neighbours: the same map, the fewest synapses and the least time by brute force."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast.flattening.choose import cheapest, total_seconds
from cheapfast.flattening.intervals import Intervals
from cheapfast.flattening.prices import Group, Prices
from cheapfast.plan.prediction.machine import Machine, curve
from cheapfast.plan.prediction.rates import RATES
from cheapfast.plan.prediction.seconds import Pricer
from cheapfast.plan.prediction.sparse_seconds import Vectors
from references import pattern_of, structural_count

MODEL = Machine({name: curve([(1, 1e-9)]) for name in RATES} | {"speedup": curve([(1, 1)])}, 1)


def partitions(size: int) -> list[tuple[Group, ...]]:
    """Return every partition into neighbours; those that stay apart next to each other are one."""
    found = set()
    for count in range(size):
        for inner in itertools.combinations(range(1, size), count):
            groups: list[Group] = []
            for start, stop in itertools.pairwise((0, *inner, size)):
                merged = stop > start + 1
                if not merged and groups and not groups[-1].merged:
                    groups[-1] = Group(groups[-1].start, stop, False)
                else:
                    groups.append(Group(start, stop, merged))
            found.add(tuple(groups))
    return sorted(found)


def with_biases(layers: list[cf.Layer], rng: np.random.Generator) -> list[cf.Layer]:
    """Give the layers that take one a bias of small integers, some of them."""
    return [
        cf.Sparse(layer.to_csr(), bias=rng.integers(-3, 4, layer.shape[0]))
        if isinstance(layer, cf.Sparse) and rng.random() < 0.7
        else layer
        for layer in layers
    ]


@settings(max_examples=60)
@given(layers=strategies.chains(max_length=6, max_inputs=10))
def test_fewest_synapses_equal_brute_force(layers: list[cf.Layer]) -> None:
    net = cf.Network(layers)
    plan = cf.plan_merge(net)
    patterns = [pattern_of(layer.to_csr().toarray()) for layer in layers]

    def synapses(groups: tuple[Group, ...]) -> int:
        return sum(
            structural_count(patterns[a:b]) if merged else sum(x.synapses for x in layers[a:b])
            for a, b, merged in groups
        )

    assert sum(group.merged_nonzeros or 0 for group in plan.groups) == min(
        map(synapses, partitions(len(layers)))
    )
    assert all(group.exact for group in plan.groups)
    assert plan.network.shape == net.shape


def test_fewest_synapses_of_eight_layers() -> None:
    rng = np.random.default_rng(3)
    sizes = [9, 7, 2, 8, 3, 9, 1, 6, 5]
    layers = [
        cf.Sparse(sp.random(b, a, 0.5, random_state=rng)) for a, b in itertools.pairwise(sizes)
    ]
    patterns = [pattern_of(layer.to_csr().toarray()) for layer in layers]
    least = min(
        sum(
            structural_count(patterns[a:b]) if b > a + 1 else layers[a].synapses
            for a, b in itertools.pairwise((0, *inner, 8))
        )
        for count in range(8)
        for inner in itertools.combinations(range(1, 8), count)
    )
    plan = cf.plan_merge(cf.Network(layers))
    assert sum(group.merged_nonzeros or 0 for group in plan.groups) == least
    assert plan.network.synapses <= least


@settings(max_examples=60)
@given(
    layers=strategies.chains(max_length=5, max_inputs=10),
    applications=st.sampled_from([1, 100, 10**6, 10**12]),
    objective=st.sampled_from(["time", "synapses"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_merged_networks_are_the_same_map(
    layers: list[cf.Layer], applications: int, objective: Any, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    net = cf.Network(with_biases(layers, rng))
    merged = cf.merge(net, objective=objective, applications=applications)
    X = rng.integers(-3, 4, (net.shape[1], 3)).astype(net.dtype)
    expected = net @ X
    scale = 1 + np.abs(expected).max(initial=0)
    np.testing.assert_allclose(merged @ X, expected, atol=1e-4 * scale)
    assert (merged @ X).dtype == expected.dtype


@settings(max_examples=80)
@given(
    layers=strategies.chains(max_length=6, max_inputs=10),
    applications=st.sampled_from([1, 3, 30, 10**3, 10**9]),
    batch=st.sampled_from([1, 8]),
)
def test_least_time_equals_brute_force(
    layers: list[cf.Layer], applications: int, batch: int
) -> None:
    net = cf.Network(layers)
    pricer = Pricer(Vectors(batch, net.dtype), MODEL)
    intervals = Intervals(layers, pricer, 1 << 40)
    prices = Prices(layers, net.layer_shapes, intervals, pricer)
    chosen = cheapest(prices, applications)

    def cost(groups: tuple[Group, ...]) -> float:
        price = prices.cost(groups)
        return total_seconds(price.build_seconds, price.apply_seconds, applications)

    least = min(map(cost, partitions(len(layers))))
    assert cost(chosen.groups) == pytest.approx(least, rel=1e-9)
    assert chosen.groups in partitions(len(layers))


def test_what_stays_apart_is_priced_fused() -> None:
    net = cf.algorithms.hadamard(2**10)
    pricer = Pricer(Vectors(1, net.dtype), MODEL)
    prices = Prices(list(net), net.layer_shapes, Intervals(list(net), pricer, 1 << 40), pricer)
    together = sum(prices.apart(0, 10, False).seconds)
    assert together < sum(sum(prices.apart(i, i + 1, False).seconds) for i in range(10))


def test_a_permutation_behind_a_merged_group_is_free() -> None:
    order = cf.Permutation(np.array([2, 0, 1]))
    layers = [cf.Sparse(np.eye(3)), cf.Sparse(np.ones((3, 3))), order]
    pricer = Pricer(Vectors(1, np.dtype(float)), MODEL)
    shapes = [(3, 3)] * 3
    prices = Prices(layers, shapes, Intervals(layers, pricer, 1 << 40), pricer)
    assert prices.apart(2, 3, True).seconds == (0.0,)
    assert prices.apart(2, 3, False).seconds[0] > 0


def test_biases_are_pushed_through() -> None:
    W1, W2 = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[4.0, 5.0]])
    b1, b2 = np.array([6.0, 7.0]), np.array([8.0])
    net = cf.Network([cf.Sparse(W1, bias=b1), cf.Sparse(W2, bias=b2)])
    merged = cf.merge(net)
    assert len(merged) == 1
    np.testing.assert_array_equal(merged[0].bias, W2 @ b1 + b2)
    np.testing.assert_array_equal(merged[0].to_csr().toarray(), W2 @ W1)


def test_activations_and_operators_are_walls() -> None:
    from scipy.sparse.linalg import aslinearoperator

    thin = [cf.Sparse(np.ones((1, 4))), cf.Sparse(np.ones((4, 1)))]
    operator = cf.Operator(aslinearoperator(np.ones((4, 4))))
    net = cf.Network([*thin, *thin, cf.Activation("tanh"), *thin, *thin, operator, *thin])
    plan = cf.plan_merge(net)
    walls = [group for group in plan.groups if group.nonzeros is None]
    assert [(group.start, group.stop) for group in walls] == [(4, 5), (9, 10)]
    assert not plan.complete
    assert "Operators are not included" in plan.certainty()
    X = np.linspace(-1, 1, 4)
    np.testing.assert_allclose(plan.network @ X, net @ X)
    timed = cf.plan_merge(net, objective="time", applications=10**9)
    np.testing.assert_allclose(timed.network @ X, net @ X)


def test_one_layer_stays_what_it_is() -> None:
    net = cf.algorithms.hadamard(2)
    for objective in ("time", "synapses"):
        plan = cf.plan_merge(net, objective=objective)  # type: ignore[arg-type]
        assert list(plan.network) == list(net)
        assert plan.break_even is None
        assert plan.pays == ()


@pytest.mark.parametrize("sizes", [(0, 0, 0), (3, 0, 2), (0, 5, 1), (1, 1, 1)])
def test_empty_widths(sizes: tuple[int, ...]) -> None:
    net = cf.Network([cf.Sparse(np.ones((b, a))) for a, b in itertools.pairwise(sizes)])
    for objective in ("time", "synapses"):
        merged = cf.merge(net, objective=objective, applications=10**9)  # type: ignore[arg-type]
        np.testing.assert_array_equal(merged @ np.ones(sizes[0]), net @ np.ones(sizes[0]))


def test_dtypes_are_those_of_the_network() -> None:
    thin = [np.ones((1, 4), np.float32), np.ones((4, 1), np.float32), np.ones((1, 4), np.float32)]
    net = cf.Network([cf.Sparse(matrix) for matrix in thin])
    assert cf.merge(net).dtype == np.float32
    mixed = cf.Network([*net, cf.Sparse(np.ones((3, 1)) * 1j)])
    assert cf.merge(mixed).dtype == np.complex128


def test_many_applications_merge_and_few_do_not() -> None:
    rng = np.random.default_rng(0)
    net = cf.chain(
        sp.random(50, 5000, 0.1, random_state=rng), sp.random(5000, 50, 0.1, random_state=rng)
    )
    often = cf.plan_merge(net, objective="time", applications=10**9)
    assert [(group.start, group.stop) for group in often.groups] == [(0, 2)]
    assert often.pays == ((0, 2),)
    assert often.break_even is not None
    assert often.predicted_seconds < often.apart.total(10**9)
    assert often.chosen == often.multiplied
    gain = often.apart.apply - often.chosen.apply
    assert often.break_even * gain <= often.chosen.build < (often.break_even + 1) * gain
    once = cf.plan_merge(net, objective="time", applications=1)
    assert [group.is_merged for group in once.groups] == [False, False]
    assert (once.break_even, once.pays) == (often.break_even, often.pays)
    assert f"if you apply more than {once.break_even:,} times" in once.advice()


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_products_beyond_the_range_are_refused(dtype: str) -> None:
    large = 2.0 ** (100 if dtype in ("f4", "c8") else 1000)
    factor = np.full((2, 2), large, dtype)
    net, x = cf.chain(factor, factor), np.full(2, 1 / large, dtype)
    np.testing.assert_array_equal(net @ x, np.full(2, 4 * large, dtype))
    message = rf"product of 2 layers leaves the range of {np.dtype(dtype)}.*one by one"
    for multiply in (cf.merge, cf.flatten, cf.Network.to_csr, cf.Network.toarray):
        with pytest.raises(ValueError, match=message):
            multiply(net)
    if dtype == "f4":
        assert cf.merge(net.astype("f8")).toarray()[0, 0] == 2 * large**2


@pytest.mark.filterwarnings("ignore:.*NaN or infinite")
def test_products_of_infinite_numbers_are_what_they_are() -> None:
    net = cf.chain(np.ones((2, 2)), np.array([[np.inf, 1.0], [0.0, 1.0]]))
    np.testing.assert_array_equal(cf.merge(net).toarray(), [[np.inf, 2.0]] * 2)


def test_advice_on_synapses_speaks_of_synapses() -> None:
    net = cf.chain(np.ones((5, 1)), np.ones((1, 5)))
    advice = cf.plan_merge(net, objective="synapses").advice()
    assert advice == "Keep the layers apart: no merging has fewer synapses."
    narrow = cf.chain(np.ones((1, 5)), np.ones((5, 1)))
    assert cf.plan_merge(narrow, objective="synapses").advice().startswith("Merge layers 0-1")


def test_what_always_pays_is_said_to() -> None:
    plan = cf.plan_merge(cf.chain(np.ones((1, 400)), np.ones((400, 1))))
    assert "more than" not in dataclasses.replace(plan, break_even=0).advice()
    assert "from the first application on" in dataclasses.replace(plan, break_even=0).advice()


def test_products_over_the_limit_are_no_candidates() -> None:
    net = cf.chain(np.ones((100, 1)), np.ones((1, 100)), np.ones((100, 1)))
    plan = cf.plan_merge(net, objective="time", applications=10**9, memory_limit=5000)
    assert (1, 3) not in plan.pays
    assert np.isfinite(plan.predicted_seconds)
    symbolic = cf.algorithms.hadamard(2**60)
    plan = cf.plan_merge(symbolic, objective="time", applications=10**9)
    assert not any(group.is_merged for group in plan.groups)
    assert plan.multiplied.build == np.inf
    n = 2**40
    thin = (
        cf.KroneckerSparse((1, n, 1, 1), [[[[1.0]]]]),
        cf.KroneckerSparse((1, 1, n, 1), [[[[1.0]]]]),
    )
    sums = cf.plan_merge(cf.Network([*thin, *thin]))
    assert [group.merged_nonzeros for group in sums.groups] == [1]
    kept = cf.Network([cf.KroneckerSparse((n, 2, 2, 1), [[[[1.0]]]])] * 2)
    assert cf.plan_merge(kept).groups[0].merged_nonzeros == 4 * n
    with pytest.raises(MemoryError, match="merging the layers 0 to 1"):
        cf.merge(kept)


def test_estimates_are_called_so() -> None:
    rng = np.random.default_rng(0)
    n = 1 << 15
    layers = [
        cf.Sparse(
            sp.csr_array(
                (np.ones(8 * n), rng.integers(0, n, 8 * n), np.arange(0, 8 * n + 1, 8)), (n, n)
            )
        )
        for _ in range(4)
    ]
    pricer = Pricer(Vectors(1, np.dtype(float)), MODEL)
    intervals = Intervals(layers, pricer, 1 << 40)
    guess = intervals.merged(0, 4)
    assert not guess.exact
    truth = cf.synapse_count(cf.Network(layers[:3]))
    assert intervals.merged(0, 3).nonzeros == pytest.approx(truth, rel=0.1)
    assert guess.nonzeros <= n * n
    assert not intervals.refine(0, 4)
    assert intervals.merged(0, 2).exact
    assert intervals.merged(0, 2).nonzeros == cf.synapse_count(cf.Network(layers[:2]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"objective": "speed"}, ValueError, "objective must be one of 'synapses', 'time'"),
        ({"applications": 0}, ValueError, "applications must be at least 1, got 0"),
        ({"applications": 1.5}, TypeError, "applications must be an integer"),
        ({"batch": 0}, ValueError, "batch must be at least 1, got 0"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"memory_limit": "much"}, ValueError, "memory_limit must be bytes"),
        ({"progress": 3}, TypeError, "progress must be"),
    ],
)
def test_bad_arguments(change: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cf.plan_merge(cf.algorithms.hadamard(8), **change)


def test_only_networks() -> None:
    with pytest.raises(TypeError, match=r"net must be a cheapfast\.Network, got ndarray"):
        cf.merge(np.eye(3))  # type: ignore[arg-type]


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    net = cf.chain(np.eye(3), np.eye(3) * 2, np.eye(3))
    cf.plan_merge(net, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 3)]  # layers so small are sampled together


def test_it_shows_itself() -> None:
    net = cf.chain(np.ones((4, 1)), np.ones((1, 4)), np.ones((4, 1)))
    plan = cf.plan_merge(net)
    lines = repr(plan).splitlines()
    assert lines[0].startswith("Merge layers 0-2")
    assert lines[2].split()[:3] == ["layers", "nonzeros", "merged"]
    assert lines[3].split()[:3] == ["0-2", "12", "4"]
    assert "exact structural counts" in lines[-1]
    assert plan._repr_html_().count("<tr>") == 1 + len(plan.groups)
    assert plan.advice(["P.npz", "A.npz", "R.npz"]).startswith("Merge P.npz, A.npz, R.npz")
    assert len(repr(cf.plan_merge(cf.algorithms.hadamard(2**60))).splitlines()) < 20


def test_plot() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    rng = np.random.default_rng(0)
    net = cf.chain(
        sp.random(50, 5000, 0.1, random_state=rng), sp.random(5000, 50, 0.1, random_state=rng)
    )
    plan = cf.plan_merge(net, objective="time", applications=10**6)
    figure, ax = plt.subplots()
    assert plan.plot(ax) is ax
    labels = [line.get_label() for line in ax.lines]
    assert labels[:4] == ["all apart", "all multiplied", "this plan", "least"]
    dots = [line.get_xdata()[0] for line in ax.lines[4:]]
    assert plan.break_even in [int(x) for x in dots]
    lowest = np.min([line.get_ydata() for line in ax.lines[:3]], axis=0)
    np.testing.assert_array_equal(ax.lines[3].get_ydata(), lowest)
    plt.close(figure)
    plt.close(plan.plot().figure)


@pytest.mark.parametrize("name", ["applications", "batch"])
def test_numbers_beyond_floats_are_refused(name: str) -> None:
    net = cf.chain([[1.0]])
    with pytest.raises(ValueError, match=rf"{name} is too large"):
        cf.plan_merge(net, **{name: 10**400})
    with pytest.raises(ValueError, match=r"columns is too large"):
        net.explain(10**400)
