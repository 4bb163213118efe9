"""estimate_synapses: unbiased, honest about its error, exact where that is cheaper."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

import cheapfast as cf
import strategies
from cheapfast import _memory
from cheapfast.bench.generate import butterflies, rmat, uniform
from cheapfast.counting import sampling, steps
from cheapfast.counting.steps import Steps


def grid(n: int) -> Any:
    """A path times a path: what a power grid looks like."""
    path = sp.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1])
    return sp.csr_array(sp.kron(sp.eye(n), path) + sp.kron(path, sp.eye(n)) + sp.eye(n * n))


def networks() -> dict[str, cf.Network]:
    rng = np.random.default_rng(1)
    graph = rmat(10, 8, rng)
    power = grid(30)
    return {
        "power law, squared": cf.chain(graph, graph),
        "five random layers": cf.chain(*(uniform(900, 4, rng) for _ in range(5))),
        "butterflies": cf.chain(*butterflies(8)),
        "eighth power of a grid": cf.chain(*[power] * 8),
        "two sparse layers": cf.chain(uniform(2000, 2, rng), uniform(2000, 2, rng)),
    }


@pytest.mark.parametrize("name", networks())
def test_coverage(name: str) -> None:
    net = networks()[name]
    true = cf.synapse_count(net)
    runs, hits, errors = 200, 0, []
    for seed in range(runs):
        found = cf.estimate_synapses(net, rel_error=0.02, method="hyperloglog", rng=seed, threads=1)
        low, high = found.interval
        assert (high - low) / 2 <= 0.02 * found.value
        hits += low <= true <= high
        errors.append(found.value / true - 1)
    # 95 percent, less four standard deviations of a binomial share
    assert hits / runs >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs)
    assert abs(np.mean(errors)) < 4.5 * max(float(np.std(errors)), 1e-12) / math.sqrt(runs)
    assert name == "butterflies" or np.std(errors) > 0.004


def test_coverage_of_cohens_sketch() -> None:
    net = networks()["two sparse layers"]
    true = cf.synapse_count(net)
    runs, hits = 100, 0
    for seed in range(runs):
        found = cf.estimate_synapses(net, rel_error=0.02, method="cohen", rng=seed, threads=1)
        assert found.method == "cohen"
        assert found.interval[1] - found.interval[0] <= 0.04 * found.value
        hits += found.interval[0] <= true <= found.interval[1]
    assert hits >= 86


def test_rows_that_are_all_equal_still_have_an_error() -> None:
    found = cf.estimate_synapses(networks()["butterflies"], method="hyperloglog", rng=1)
    assert found.value == pytest.approx(4**8, rel=1e-12)
    assert 0 < found.standard_error < 0.005 * found.value


@pytest.mark.parametrize("confidence", [0.5, 0.99])
def test_the_confidence_widens_the_interval(confidence: float) -> None:
    net = networks()["power law, squared"]
    found = cf.estimate_synapses(
        net, rel_error=0.03, confidence=confidence, method="hyperloglog", rng=3
    )
    half = (found.interval[1] - found.interval[0]) / 2
    normal = {0.5: 0.674, 0.99: 2.576}[confidence]
    assert half / found.standard_error == pytest.approx(normal, rel=0.02)
    assert found.confidence == confidence


@pytest.mark.parametrize("method", ["auto", "hyperloglog", "cohen"])
def test_the_narrowest_arguments(method: str) -> None:
    net = networks()["two sparse layers"]
    nearly_one = math.nextafter(1.0, 0.0)
    found = cf.estimate_synapses(net, confidence=nearly_one, rel_error=0.5, method=method, rng=1)
    assert found.interval[0] <= cf.synapse_count(net) <= found.interval[1] < math.inf
    for error in (1e-300, math.nextafter(0.0, 1.0)):
        with (
            contextlib.nullcontext()
            if method == "auto"  # exact, so without any error
            else pytest.raises(ValueError, match="ask for a larger rel_error")
        ):
            cf.estimate_synapses(net, rel_error=error, method=method, rng=1)


def test_seeds_threads_and_memory() -> None:
    net = networks()["five random layers"]
    arguments: dict[str, Any] = {"method": "hyperloglog", "rng": 5, "rel_error": 0.05}
    one = cf.estimate_synapses(net, threads=1, **arguments)
    assert one == cf.estimate_synapses(net, threads=3, **arguments)
    assert one == cf.estimate_synapses(net, threads=1, memory_limit=60_000, **arguments)
    assert one == cf.estimate_synapses(net, **{**arguments, "rng": np.random.default_rng(5)})
    assert one != cf.estimate_synapses(net, **{**arguments, "rng": 6})


def test_closed_forms_and_few_rows_are_counted_exactly() -> None:
    found = cf.estimate_synapses(cf.algorithms.hadamard(2**60), rng=1)
    assert (found.value, found.standard_error, found.method) == (2**120, 0.0, "exact")
    assert found.interval == (2**120, 2**120)
    net = networks()["two sparse layers"]
    found = cf.estimate_synapses(net)
    assert (found.value, found.method) == (cf.synapse_count(net), "exact")
    diagonal = sp.csr_array(sp.eye(2000))
    net = cf.chain(diagonal, uniform(2000, 3, np.random.default_rng(2)))
    assert cf.estimate_synapses(net, method="hyperloglog").method == "exact"


@settings(max_examples=60)
@given(layers=strategies.chains(max_length=4, max_inputs=12, max_outputs=40))
def test_every_kind_of_layer(layers: list[cf.Layer]) -> None:
    net = cf.Network(layers)
    true = cf.synapse_count(net)
    assert cf.estimate_synapses(net, rng=1).value == true
    found = cf.estimate_synapses(net, rel_error=0.1, method="hyperloglog", rng=2)
    # five times a 95 percent interval: the draws are fixed by the seed
    assert abs(found.value - true) <= 0.25 * true
    assert (found.value == 0) == (true == 0)


def test_structured_layers_are_written_out() -> None:
    n = 256
    rng = np.random.default_rng(1)
    net = cf.Network(
        [*cf.algorithms.hadamard(n), uniform(n, 2, rng), *list(cf.algorithms.hadamard(n))[:3]]
    )
    found = cf.estimate_synapses(net, rel_error=0.05, method="hyperloglog", rng=1)
    assert found.value == pytest.approx(cf.synapse_count(net), rel=0.07)


def test_an_empty_product() -> None:
    left = sp.csr_array(([1.0], ([0], [0])), (5, 5))
    right = sp.csr_array(([1.0], ([1], [0])), (5, 5))
    for method in ("auto", "hyperloglog", "cohen"):
        found = cf.estimate_synapses(cf.chain(left, right), method=method)
        assert (found.value, found.standard_error, found.interval) == (0, 0, (0, 0))


def test_one_heavy_row_among_empty_ones() -> None:
    n = 5000
    heavy = sp.csr_array((np.ones(200), (np.zeros(200, int), np.arange(200))), (n, n))
    net = cf.chain(heavy, uniform(n, 20, np.random.default_rng(3)))
    found = cf.estimate_synapses(net, rel_error=0.01, rng=1, method="hyperloglog")
    assert found.value == pytest.approx(cf.synapse_count(net), rel=1e-12)


def test_columns_beyond_32_bits() -> None:
    wide = sp.csr_array(
        (np.ones(4), np.array([5, 2**40, 2**41, 2**40]), np.array([0, 1, 3, 4])), (3, 2**42)
    )
    head = sp.csr_array(np.array([[1.0, 1, 0], [0, 1, 1]]))
    found = cf.estimate_synapses(cf.chain(head, wide), method="hyperloglog", rel_error=0.2, rng=1)
    assert found.value == pytest.approx(5, rel=0.2)


def test_the_exact_count_refers_to_the_estimate_where_memory_is_short() -> None:
    n = 2**12
    net = cf.algorithms.hadamard(n) @ cf.chain(sp.csr_matrix(np.eye(n, k=1) + np.eye(n, k=7)))
    with pytest.raises(MemoryError, match=r"estimate_synapses\(net.* would need about .*KiB"):
        cf.synapse_count(net, memory_limit=10_000)


def test_a_memory_limit_too_small() -> None:
    net = networks()["five random layers"]
    for method in ("hyperloglog", "cohen"):
        with pytest.raises(MemoryError, match="a sketch of every row"):
            cf.estimate_synapses(net, method=method, memory_limit=5000)


def test_without_a_limit_the_message_blames_none(monkeypatch: pytest.MonkeyPatch) -> None:
    net = networks()["five random layers"]
    monkeypatch.setattr("cheapfast._memory.allowance", lambda *_: _memory.Available(5000))
    for method in ("hyperloglog", "cohen"):
        with pytest.raises(MemoryError, match=r"only 4\.88 KiB are available; [et]"):
            cf.estimate_synapses(net, method=method)


def test_out_of_reach() -> None:
    net = networks()["five random layers"]
    with pytest.raises(
        ValueError, match=r"rel_error=1e-05 needs about 6.* the budget of 1,000,000"
    ):
        cf.estimate_synapses(net, rel_error=1e-5, method="hyperloglog")
    assert cf.estimate_synapses(net, rel_error=1e-5).method == "exact"
    with pytest.raises(ValueError, match="batches of ranks, the budget is 4,096"):
        cf.estimate_synapses(networks()["butterflies"], rel_error=1e-3, method="cohen", rng=1)


def test_a_budget_that_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    plan = sampling.Plan(rel_error=0.001, confidence=0.95, pilot=64, budget=500)
    result = sampling.mean_by_draws(lambda size: rng.normal(1, 0.02, size), plan)
    assert result.draws <= 500
    assert result.relative > 0.001
    monkeypatch.setattr("cheapfast.counting.estimation.MOST_DRAWS", 3000)
    net = networks()["two sparse layers"]
    with pytest.raises(ValueError, match=r"sampled rows, (the budget is|more than the budget)"):
        cf.estimate_synapses(net, rel_error=0.0045, method="hyperloglog", rng=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rel_error": 0}, ValueError, "rel_error must be above 0 and below 1, got 0"),
        ({"rel_error": -0.1}, ValueError, "rel_error"),
        ({"rel_error": 1.0}, ValueError, "rel_error"),
        ({"rel_error": math.nan}, ValueError, "rel_error"),
        ({"rel_error": "1%"}, TypeError, "rel_error must be a number"),
        ({"rel_error": True}, TypeError, "rel_error"),
        ({"confidence": 0.0}, ValueError, "confidence"),
        ({"confidence": 1.0}, ValueError, "confidence"),
        ({"method": "guess"}, ValueError, "method must be one of 'auto', 'hyperloglog', 'cohen'"),
        ({"rng": -1}, ValueError, "rng must be"),
        ({"rng": "1"}, TypeError, "rng must be"),
        ({"threads": 0}, ValueError, "threads"),
        ({"memory_limit": "much"}, ValueError, "memory_limit"),
    ],
)
def test_bad_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    A = sp.csr_array(np.eye(9) + np.eye(9, k=2))
    with pytest.raises(error, match=message):
        cf.estimate_synapses(cf.chain(A, A), **arguments)


def test_only_linear_networks() -> None:
    with pytest.raises(TypeError, match=r"net must be a cheapfast\.Network"):
        cf.estimate_synapses(np.eye(3))  # type: ignore[arg-type]
    net = cf.Network([cf.Sparse(np.eye(3)), cf.Activation("tanh"), cf.Sparse(np.eye(3))])
    with pytest.raises(TypeError, match=r"in the way: layers\[1\] \(Activation\('tanh'\)\)$"):
        cf.estimate_synapses(net)
    two = cf.Network([*net, cf.Activation("relu")])
    for ask in (cf.estimate_synapses, cf.synapse_count, cf.flattening_cost):
        with pytest.raises(TypeError, match=r"layers\[1\] .*tanh.*, layers\[3\] .*relu"):
            ask(two)
    with pytest.raises(TypeError, match=r"layers\[1\] .*tanh.*, layers\[3\] .*relu"):
        cf.synapse_count(two, kind="numerical")


@pytest.mark.parametrize("method", ["hyperloglog", "cohen"])
def test_progress_rises_and_may_stop(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_REPORT_EVERY", 0)
    net = networks()["five random layers"]
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 2:
            raise StopIteration

    with contextlib.suppress(StopIteration):
        cf.estimate_synapses(net, method=method, rng=1, threads=1, progress=note)
    assert len(seen) == 2
    assert all(0 <= done <= total for done, total in seen)


def test_steps_add_up() -> None:
    seen: list[tuple[int, int]] = []
    calls = Steps(lambda done, total: seen.append((done, total)), 30)
    for _ in range(3):
        report = calls.next(10)
        assert report is not None
        report(4, 10)
        report(11, 10)
    # with nothing said between the calls: they follow each other at once
    assert seen == [(4, 30), (10, 30), (14, 30), (20, 30), (24, 30), (30, 30)]
    assert Steps(None, 3).next(1) is None


def test_how_it_prints() -> None:
    found = cf.Estimate(1.5e9, 4e6, (1.492e9, 1.508e9), 0.95, "hyperloglog")
    assert repr(found).startswith("Estimate(1.5e+09 +- 4e+06, 0.95 confidence: 1.492e+09 to")
    assert "1,500,000,000" in found._repr_html_()
    exact = cf.Estimate(2**70, 0.0, (2**70, 2**70), 0.95, "exact")
    assert repr(exact) == f"Estimate({2**70}, exact)"
    assert f"{2**70:,}" in exact._repr_html_()
