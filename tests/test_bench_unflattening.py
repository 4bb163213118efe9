"""The benchmarks of unflattening: every workload at its tiny size, and what is not let through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cheapfast.bench import workloads
from cheapfast.bench.model import Workload
from cheapfast.bench.peers.cheapfast_unflatten import CheapfastUnflatten
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
