"""Applying transforms and networks: results equal up to rounding first, then the times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .entering import first_runs, line_up
from .model import Peer, Problem, Workload
from .results import Difference, Mismatch, Results
from .roofline import Rates, Work, better, measure_rates, roof
from .timing import Contestant, Settings, set_loops, take_turns, to_figures

Array = npt.NDArray[Any]


class Application(Problem, ABC):
    """Something to be applied, and the operand."""

    #: relative error, in units of the last place, that a result may have
    tolerance: ClassVar[float]

    @cached_property
    @abstractmethod
    def operand(self) -> Array:
        """What it is applied to."""

    @property
    @abstractmethod
    def work(self) -> Work:
        """What has to be done at least."""

    def begin(self) -> None:
        """Make the operand ready for a run that is checked."""

    def rest(self) -> None:
        """Make the operand ready for runs that are timed, and whose results nobody sees."""


def time_applications(
    workload: Workload, problem: Application, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers return the same array, then time them.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Application
        The workload at one size.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Without figures if the results differ.
    """
    results = Results()
    contestants = line_up(workload, problem, peers, settings, results)
    first: Array | None = None
    differences: dict[str, Difference] = {}
    for entry, returned in first_runs(workload, contestants, results, problem.begin):
        result = problem.operand if returned is None else np.asarray(returned)
        if first is None:
            first = result.copy()  # a transform in place overwrites it
        allowed = problem.tolerance * entry.error_factor
        differences[entry.label] = difference(result, first, allowed)
    if any(found.relative > found.allowed for found in differences.values()):
        results.mismatches.append(Mismatch(workload.name, differences))
        return results
    problem.rest()
    ready = [entry for entry in contestants if entry.label in differences]
    set_loops(ready)
    before = _measure_rates(problem, ready)
    take_turns(ready, settings)
    after = _measure_rates(problem, ready)
    rates = {threads: better(before[threads], after[threads]) for threads in before}
    results.figures += [
        replace(
            figure, roof=roof(problem.work, figure.minimum, figure.threads, rates[figure.threads])
        )
        for figure in to_figures(workload, ready)
    ]
    return results


def _measure_rates(problem: Application, ready: Sequence[Contestant]) -> dict[int, Rates]:
    """Measure the roof for each number of threads."""
    return {threads: measure_rates(problem.work, threads) for threads in {e.threads for e in ready}}


def difference(result: Array, expected: Array, tolerance: float) -> Difference:
    """Compare two arrays in the 2-norm.

    Parameters
    ----------
    result, expected : ndarray
        What to compare.
    tolerance : float
        What is allowed, relative to `expected` and in units of its last place.

    Returns
    -------
    Difference
    """
    allowed = tolerance * float(np.finfo(expected.dtype).eps)
    if result.shape != expected.shape:
        return Difference(np.inf, allowed)
    error = float(np.linalg.norm(result - expected))
    size = float(np.linalg.norm(expected))
    if not np.isfinite(error):  # NaN or infinity where there should be a number
        return Difference(np.inf, allowed)
    return Difference(error / size if error else 0.0, allowed)
