"""Promises about errors: the largest one, or their root mean square, of many runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .model import Problem, Workload
from .results import Figure, Results


@dataclass(frozen=True)
class Deviation(Problem):
    """Something that is computed again and again, and compared with what is known.

    Parameters
    ----------
    measured : callable
        Runs it all and returns the error, in the unit that the workload's title says.
    """

    measured: Callable[[], float]


def measure_deviation(workload: Workload, problem: Deviation) -> Results:
    """Run it.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Deviation
        The workload at one size.

    Returns
    -------
    Results
        One figure: the error.
    """
    error = float(problem.measured())
    return Results(figures=[Figure(workload.name, workload.measure, "cheapfast", 1, (error,))])
