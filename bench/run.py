"""The runner: each workload by what measures its kind of problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .applying import Application, time_applications
from .counting import Product, time_counts
from .deviations import Deviation, measure_deviation
from .estimates import Estimation, time_estimates
from .flattening import LeastCount
from .judging import Judgement
from .machine import held_to, record
from .memory import measure_memory
from .merging import MergeProblem, time_merging
from .model import Peer, UnavailableError, Workload
from .prediction import PredictionProblem, time_predictions
from .report import print_workload
from .requirements import judge_latest
from .results import Results, Skip
from .runtimes import let_openmp_sleep
from .startup import measure_import
from .timing import Settings
from .trials import Trials, measure_share
from .unflattening import FlatMatrix, time_searches

if TYPE_CHECKING:
    from rich.console import Console


def run(
    workloads: Sequence[Workload],
    peers: Sequence[Peer],
    settings: Settings,
    console: Console | None = None,
) -> Results:
    """Run the workloads one after the other.

    Parameters
    ----------
    workloads : sequence of Workload
        What to measure.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure.
    console : rich.console.Console, optional
        Where to print each workload when it is done.

    Returns
    -------
    Results
    """
    let_openmp_sleep()
    total = Results()
    names = [workload.name for workload in workloads]
    for number, workload in enumerate(workloads, start=1):
        results = _run_one(workload, peers, settings)
        total.extend(results)
        if console is not None:
            is_full = settings.size == "full"  # which requirements are about
            judgements = judge_latest(total, names[:number], names[number:]) if is_full else []
            print_workload(console, workload, results, judgements)
    return total


def to_json(
    results: Results,
    judgements: Sequence[Judgement],
    settings: Settings,
    peers: Sequence[Peer],
) -> dict[str, Any]:
    """Put together what is written to a file.

    Parameters
    ----------
    results : Results
        What was found out.
    judgements : sequence of Judgement
        Requirements, if they were checked.
    settings : Settings
        How it was measured.
    peers : sequence of Peer
        Whose versions to record.

    Returns
    -------
    dict
        Plain values; counts are exact integers.
    """
    return {
        "machine": record(peers),
        "settings": asdict(settings),
        "figures": [figure.to_json() for figure in results.figures],
        "skipped": [asdict(skip) for skip in results.skips],
        "mismatches": [mismatch.to_json() for mismatch in results.mismatches],
        "requirements": [judgement.to_json() for judgement in judgements],
    }


def _run_one(workload: Workload, peers: Sequence[Peer], settings: Settings) -> Results:
    if workload.measure == "import":
        return measure_import(workload, settings)
    try:
        problem = workload.build(**workload.sizes[settings.size])
    except UnavailableError as error:
        return Results(skips=[Skip(workload.name, "*", str(error))])
    with held_to(workload.target) as reason:
        if reason is not None:
            return Results(skips=[Skip(workload.name, "*", reason)])
        if isinstance(problem, Application):
            return time_applications(workload, problem, peers, settings)
        if isinstance(problem, FlatMatrix):
            return time_searches(workload, problem, peers, settings)
        if isinstance(problem, Estimation):
            return time_estimates(workload, problem, peers, settings)
        if isinstance(problem, Trials):
            return measure_share(workload, problem)
        if isinstance(problem, Deviation):
            return measure_deviation(workload, problem)
        if isinstance(problem, MergeProblem):
            return time_merging(workload, problem, settings)
        if isinstance(problem, PredictionProblem):
            return time_predictions(workload, problem, settings)
        if isinstance(problem, LeastCount):
            return time_counts(workload, problem, peers, settings)
        assert isinstance(problem, Product)
        measure = measure_memory if workload.measure == "memory" else time_counts
        return measure(workload, problem, peers, settings)
