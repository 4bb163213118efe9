"""Promises about many runs: the share of seeds with which they are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .model import Problem, Workload
from .results import Figure, Results


@dataclass(frozen=True)
class Trials(Problem):
    """Something that is tried with many seeds.

    Parameters
    ----------
    trial : callable
        Takes a seed; True where the promise is kept.
    count : int
        Number of seeds.
    """

    trial: Callable[[int], bool]
    count: int


def measure_share(workload: Workload, problem: Trials) -> Results:
    """Try every seed.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Trials
        The workload at one size.

    Returns
    -------
    Results
        One figure: the share of the seeds with which the promise was kept.
    """
    kept = sum(problem.trial(seed) for seed in range(problem.count))
    share = kept / problem.count
    return Results(figures=[Figure(workload.name, workload.measure, "cheapfast", 1, (share,))])
