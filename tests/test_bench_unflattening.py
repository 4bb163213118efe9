"""The benchmarks of unflattening: every workload at its tiny size, and what is not let through."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from cheapfast.bench import workloads
from cheapfast.bench.limits import ErrorAtMost, FitsIn, Saves
from cheapfast.bench.model import Workload
from cheapfast.bench.peers.cheapfast_unflatten import CheapfastUnflatten
from cheapfast.bench.results import Results
from cheapfast.bench.timing import Settings
from cheapfast.bench.unflattening import FlatMatrix, Found, Unflattener, time_searches

SETTINGS = Settings(size="tiny", repeat=1)
WORKLOADS = [workload for workload in workloads.ALL if workload.measure == "unflatten"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_tiny_workloads_are_solved(workload: Workload) -> None:
    problem = workload.build(**workload.sizes["tiny"])
    assert isinstance(problem, FlatMatrix)
    results = time_searches(workload, problem, [CheapfastUnflatten()], SETTINGS)
    assert not results.mismatches
    assert [figure.peer for figure in results.figures] == ["cheapfast"]


class Careless(Unflattener):
    """Returns the matrix itself, with an error and so many synapses."""

    name = "careless"

    def __init__(self, error: float, synapses: int) -> None:
        self.error, self.synapses = error, synapses

    def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:
        matrix = problem.matrix * (1 + self.error)
        return lambda: Found(matrix.__matmul__, self.synapses)


@pytest.mark.parametrize(
    ("error", "synapses", "through"), [(0, 16, True), (1e-6, 16, False), (0, 17, False)]
)
def test_errors_and_savings_are_checked(error: float, synapses: int, through: bool) -> None:
    problem = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=4)
    workload = Workload("ones", "all ones", lambda: problem, {"tiny": {}}, measure="unflatten")
    results = time_searches(workload, problem, [Careless(error, synapses)], SETTINGS)
    assert bool(results.figures) is through
    assert bool(results.mismatches) is not through


def test_finding_something_in_noise_is_a_mismatch() -> None:
    problem = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=0)
    workload = Workload("noise", "noise", lambda: problem, {"tiny": {}}, measure="unflatten")
    assert time_searches(workload, problem, [Careless(0, 16)], SETTINGS).mismatches


def test_peers_that_must_be_told_the_order_refuse_without_it() -> None:
    from cheapfast.bench.peers.lazylinop_ksd import LazylinopKsd
    from cheapfast.bench.peers.pyfaust_butterfly import PyfaustButterfly

    problem = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=4)
    told = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=4, columns=np.arange(8))
    for peer in (LazylinopKsd(), PyfaustButterfly()):
        assert "needs to be told" in (peer.refuses(problem) or "")
        assert peer.refuses(told) is None


def test_findings_are_judged() -> None:
    problem = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=4)
    workload = Workload("ones", "all ones", lambda: problem, {"tiny": {}}, measure="unflatten")
    careless = Careless(1e-13, 12)
    careless.name = "cheapfast"
    results = time_searches(workload, problem, [careless], SETTINGS)
    finding = results.figures[0].finding
    assert finding is not None
    assert (finding.entries, finding.synapses) == (64, 12)
    assert finding.error == pytest.approx(1e-13, rel=1e-2)
    assert finding.peak is None or finding.peak > 10**6
    for requirement, measured in [
        (Saves("ones", 5), 64 / 12),
        (ErrorAtMost("ones", 1e-12), finding.error),
        (FitsIn("ones", 1e5), None if finding.peak is None else finding.peak / 1e6),
    ]:
        judgement = requirement.judge(results)
        assert judgement.measured == measured
        assert judgement.met is (None if measured is None else True)
        assert requirement.judge(Results()).measured is None
    assert Saves("ones", 6).judge(results).met is False
    assert json.loads(json.dumps(results.figures[0].to_json()))["finding"]["synapses"] == 12


def test_nothing_found_saves_nothing() -> None:
    class Blind(Unflattener):
        name = "cheapfast"

        def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:
            return lambda: None

    problem = FlatMatrix(np.ones((8, 8)), error=1e-12, saving=0)
    workload = Workload("noise", "noise", lambda: problem, {"tiny": {}}, measure="unflatten")
    results = time_searches(workload, problem, [Blind()], SETTINGS)
    assert results.figures[0].finding is not None
    assert results.figures[0].finding.saving == 1
