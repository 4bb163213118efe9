"""Merging many small layers: what is sampled, priced and counted at once is as one by one."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast._memory import available_bytes
from cheapfast.counting.structural import count_prefixes
from cheapfast.flattening import sampling
from cheapfast.flattening.choose import cheapest
from cheapfast.flattening.intervals import Intervals
from cheapfast.flattening.prices import START, Choice, End, Group, Prices
from cheapfast.plan import make_plan
from cheapfast.plan.prediction.machine import Machine, curve
from cheapfast.plan.prediction.rates import RATES
from cheapfast.plan.prediction.seconds import Pricer
from cheapfast.plan.prediction.sparse_seconds import Vectors
from references import pattern_of, structural_count

MODEL = Machine({name: curve([(1, 1e-9)]) for name in RATES} | {"speedup": curve([(1, 1)])}, 1)


def random_layers(seed: int, largest: int = 40, most: int = 7) -> list[cf.Layer]:
    """Sparse layers from empty to full, diagonals and permutations."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0 if seed % 4 == 0 else 1, largest, rng.integers(2, most + 1))
    found: list[cf.Layer] = []
    for a, b in itertools.pairwise(sizes.tolist()):
        found.append(
            cf.Sparse(sp.random(b, a, rng.choice([0.02, 0.1, 0.5, 1.0]), random_state=rng))
        )
        if rng.random() < 0.3:
            extra = [cf.Permutation(rng.permutation(b)), cf.Sparse(np.diag(rng.random(b)))]
            found.append(extra[rng.integers(2)])
    return found


def prices_of(layers: list[cf.Layer]) -> Prices:
    net = cf.Network(layers)
    pricer = Pricer(Vectors(1, net.dtype), MODEL)
    return Prices(layers, net.layer_shapes, Intervals(layers, pricer, 1 << 40), pricer)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    largest=st.sampled_from([3, 20, 90, 300]),
    together=st.sampled_from([1, 1 << 13, 1 << 18]),
)
def test_samples_of_all_runs_are_those_of_each(seed: int, largest: int, together: int) -> None:
    supports = [layer.support.to_csr() for layer in random_layers(seed, largest)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sampling, "_MOST_TOGETHER", together)
        found = sampling.sample_products(supports)
    patterns = [sampling._ones(support) for support in supports]
    for j, products in enumerate(found):
        into = np.zeros(supports[j].shape[0], np.int64)
        if j + 1 < len(supports):
            into = np.bincount(supports[j + 1].indices, minlength=len(into))
        expected = sampling._backwards(patterns[: j + 1], into, available_bytes())
        assert len(products) == len(expected) == j + 1
        for one, other in zip(products, expected, strict=True):
            assert one.next_pairs == pytest.approx(other.next_pairs, rel=1e-12)
            assert vars(one.traffic) == pytest.approx(vars(other.traffic), rel=1e-12)


@settings(max_examples=60)
@given(
    rows=st.integers(1, 200),
    most=st.integers(1, 5000),
    seed=st.integers(0, 2**32 - 1),
)
def test_rows_are_left_out_where_they_grow_long(rows: int, most: int, seed: int) -> None:
    # blocks of 65 to some 100 rows overlap: a row that one leaves out may be in another
    rng = np.random.default_rng(seed)
    some = rng.random((rows, 30)) < 0.3
    some[:, 0] = True
    patterns = [np.ones((30, 70), bool), some, np.ones((9, rows), bool)]
    supports = [cf.Sparse(pattern.astype(float)).support.to_csr() for pattern in patterns]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sampling, "_MOST_ENTRIES", most)
        found = sampling.sample_products(supports)
    for j, products in enumerate(found):
        for k, one in enumerate(products[1:], 1):
            product = structural_count(patterns[j - k : j + 1])
            assert one.traffic.nonzeros == pytest.approx(product)
            assert one.next_pairs == pytest.approx(product * 9 if j == 1 else 0)


def test_samples_of_many_wide_layers_take_little_memory() -> None:
    # 40 layers of 512 would be 1.3 million entries at a time
    rng = np.random.default_rng(0)
    dense = rng.random((512, 512)) < 0.02
    supports = [cf.Sparse(dense.astype(float)).support.to_csr()] * 40
    tracemalloc.start()
    try:
        sampling.sample_products(supports)
        assert tracemalloc.get_traced_memory()[1] < 15e6
    finally:
        tracemalloc.stop()


def test_samples_report_what_is_done() -> None:
    calls: list[tuple[int, int]] = []
    supports = [cf.Sparse(np.eye(512, k=1)).support.to_csr()] * 20
    sampling.sample_products(supports, lambda *done: calls.append(done))
    assert calls == [(8, 20), (16, 20), (20, 20)]


@settings(max_examples=60)
@given(layers=st.integers(0, 2**32 - 1).map(random_layers) | strategies.chains(max_inputs=10))
def test_what_stays_apart_is_priced_as_it_is_planned(layers: list[cf.Layer]) -> None:
    prices, shapes = prices_of(layers), cf.Network(layers).layer_shapes
    for start, stop in itertools.combinations(range(len(layers) + 1), 2):
        taken = layers[start:stop]
        expected: list[float] = []
        for step in make_plan(taken, shapes[start:stop]).passes:
            expected += prices._pricer.passed(step, taken) or []
        assert prices.apart(start, stop, False).seconds == pytest.approx(tuple(expected))


def least_by_layers(prices: Prices, applications: float) -> Choice:
    """The dynamic program, candidate by candidate: partitions by where and how they end."""
    size = len(prices.layers)
    best: dict[tuple[int, End], tuple[float, int, tuple[Group, ...]]] = {(0, START): (0.0, 0, ())}
    for start in range(size):
        for end in [end for place, end in best if place == start]:
            cost, layers, groups = best[start, end]
            for stop, merged in itertools.product(range(start + 1, size + 1), (False, True)):
                if stop == start + 1 if merged else start > 0 and not end.merged:
                    continue
                build, apply, after = prices.step(Group(start, stop, merged), end)
                total = cost + (build + applications * apply)
                reached = total, layers + merged * (stop - start)
                if (stop, after) not in best or reached < best[stop, after][:2]:
                    best[stop, after] = (*reached, (*groups, Group(start, stop, merged)))
    ends = [best[place, end] for place, end in best if place == size]
    return prices.cost(min(ends, key=lambda part: part[:2])[2])


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), applications=st.sampled_from([1, 7, 10**3, 10**100]))
def test_the_least_of_many_layers(seed: int, applications: int) -> None:
    prices = prices_of(random_layers(seed, 20, 25))
    chosen, expected = cheapest(prices, applications), least_by_layers(prices, float(applications))
    assert chosen.groups == expected.groups
    assert chosen.build_seconds == pytest.approx(expected.build_seconds)
    assert chosen.apply_seconds == pytest.approx(expected.apply_seconds)


def test_infinitely_many_applications_leave_out_what_multiplying_costs() -> None:
    layers: list[cf.Layer] = [cf.Sparse(np.ones((2, 9))), cf.Sparse(np.ones((9, 2)))] * 20
    prices = prices_of(layers[1:])
    chosen = cheapest(prices, math.inf)
    assert chosen.apply_seconds <= cheapest(prices, 10**9).apply_seconds


def test_counts_put_right_what_was_priced_before() -> None:
    layers: list[cf.Layer] = [cf.Sparse(np.ones((3, 3)))] * 6
    prices, fresh = prices_of(layers), prices_of(layers)
    before = cheapest(prices, 1000)
    for intervals in (prices.intervals, fresh.intervals):
        intervals.set_exact(0, 3, 1)  # fewer than there are
    assert cheapest(prices, 1000) == cheapest(fresh, 1000) != before
    assert prices.intervals.merged(0, 3).nonzeros == 1
    assert prices.intervals.merged(0, 5).build_seconds == fresh.intervals.merged(0, 5).build_seconds


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), limit=st.sampled_from([None, "1K", "1G"]))
def test_counts_of_all_first_layers(seed: int, limit: str | None) -> None:
    layers = random_layers(seed, 12, 9)
    patterns = [pattern_of(layer.to_csr().toarray()) for layer in layers]
    expected = [structural_count(patterns[: i + 1]) for i in range(len(layers))]
    try:
        assert count_prefixes(cf.Network(layers), 1, limit) == expected
    except MemoryError:
        assert limit == "1K"
