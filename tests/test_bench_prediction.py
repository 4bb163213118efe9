"""The benchmark of predictions on tiny sizes, and what is judged of them."""

from __future__ import annotations

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.bench import prediction, workloads
from cheapfast.bench.limits import PredictedMedian, PredictedWithinTwo
from cheapfast.bench.model import Workload
from cheapfast.bench.prediction import PredictionProblem, factor, time_predictions
from cheapfast.bench.requirements import PREDICTIONS
from cheapfast.bench.results import Figure, Results
from cheapfast.bench.timing import Settings

GRIDS = [workload for workload in workloads.ALL if workload.measure == "prediction"]


@pytest.fixture(autouse=True)
def calibrations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note for how many threads the rates would have been measured."""
    calls: list[int] = []
    monkeypatch.setattr(cf.flattening, "recalibrate", calls.append)
    monkeypatch.setattr(prediction, "_TOGETHER_SECONDS", 0.0)
    return calls


@pytest.mark.parametrize("workload", GRIDS, ids=lambda workload: workload.name)
def test_every_grid_is_measured(workload: Workload, calibrations: list[int]) -> None:
    problem = workload.build(**workload.sizes["tiny"])
    assert isinstance(problem, PredictionProblem)
    results = time_predictions(workload, problem, Settings("tiny", repeat=2))
    assert calibrations == [1, 1]
    assert [figure.peer for figure in results.figures] == [name for name, *_ in problem.cells()]
    assert all(len(figure.values) == len(figure.predicted) == 2 for figure in results.figures)
    assert all(factor(figure) >= 1 for figure in results.figures)


def test_all_grids_are_judged() -> None:
    assert [workload.name for workload in GRIDS] == list(PREDICTIONS)


def test_large_operands_are_left_out() -> None:
    networks = (("one", lambda: cf.chain([[1.0, 2.0]])),)
    cells = list(PredictionProblem(networks, (1, 3, 4), most_numbers=6).cells())
    assert [name for name, *_ in cells] == ["one x 1", "one x 3"]
    assert [X.shape for *_, X in cells] == [(2,), (2, 3)]


def test_vectors_are_complex_where_that_is_asked_for() -> None:
    networks = (("one", lambda: cf.chain(np.ones((1, 2), np.float32))),)
    problem = PredictionProblem(networks, (1, 3), is_complex=True)
    operands = [X for *_, X in problem.cells()]
    assert [X.dtype for X in operands] == [np.complex64] * 2
    assert all(X.imag.all() for X in operands)


def test_the_median_of_the_rounds_is_judged() -> None:
    def figure(grid: str, *ratios: float) -> Figure:
        return Figure(grid, "prediction", "cell", 1, (1.0,) * len(ratios), predicted=ratios)

    within, middle = (kind("a", 0.9, ("a", "b")) for kind in (PredictedWithinTwo, PredictedMedian))
    some = Results([figure("a", 0.4, 0.1, 9.0), figure("a", 1.0), figure("a", 1.5)])
    assert factor(some.figures[0]) == 2.5
    assert within.judge(some).measured is None
    assert middle.judge(some).measured is None
    some.figures.append(figure("b", 0.8))
    some.figures.append(figure("c", 100.0))
    assert within.judge(some).measured == 0.75
    assert middle.judge(some).measured == pytest.approx(1.375)
    assert middle.workloads == {"a", "b"}
