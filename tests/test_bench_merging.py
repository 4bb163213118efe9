"""The benchmark of merging on tiny sizes: every partition is tried, equal results first."""

from __future__ import annotations

import numpy as np
import pytest

from cheapfast.bench import merging, workloads
from cheapfast.bench.merging import MergeProblem, PlanProblem, Trials, time_merging
from cheapfast.bench.model import UnavailableError, Workload
from cheapfast.bench.timing import Settings

TINY = Settings(size="tiny", repeat=2)
MERGES = [workload for workload in workloads.ALL if workload.measure == "merge"]


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_MEASURED_SECONDS", 0.0)


@pytest.mark.parametrize("workload", MERGES, ids=lambda workload: workload.name)
def test_every_workload_runs(workload: Workload) -> None:
    try:
        problem = workload.build(**workload.sizes["tiny"])
    except UnavailableError as error:
        pytest.skip(str(error))
    results = time_merging(workload, problem, TINY)
    assert not results.mismatches
    peers = [figure.peer for figure in results.figures]
    if isinstance(problem, PlanProblem):
        assert peers == ["cheapfast"]
    else:
        assert peers == ["cheapfast", "best partition", "apply all", "multiply all"]
    assert all(len(figure.values) == 2 for figure in results.figures)


def test_all_partitions_are_tried() -> None:
    problem = MergeProblem((np.eye(3),) * 4, applications=2)
    trials = Trials(problem.network(), problem)
    cuts = list(trials.partitions())
    assert len(set(cuts)) == len(cuts) == 8
    assert all(cut[0] == 0 and cut[-1] == 4 for cut in cuts)
    assert trials.agree()


def test_different_results_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trials, "agree", lambda _: False)
    workload = MERGES[0]
    results = time_merging(workload, workload.build(**workload.sizes["tiny"]), TINY)
    assert len(results.mismatches) == 1
    assert not results.figures
