"""Requirements of one figure: seconds, shares, errors and bytes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from .judging import OWN, Judgement, Requirement
from .prediction import factor
from .results import Results
from .timing import label

MEGABYTE = 10**6


@dataclass(frozen=True)
class Within(Requirement):
    """At most `bound` seconds."""

    own: str = OWN
    threads: int = 1

    def judge(self, results: Results) -> Judgement:
        """Take the time."""
        seconds = self.best(results, self.own, self.threads)
        text = f"{label(self.own, self.threads)}: seconds"
        return Judgement(self.workload, text, self.bound, seconds, "at most")


@dataclass(frozen=True)
class AtTheRoof(Requirement):
    """At least the share `bound` of the bandwidth of the memory that the data lies in."""

    def judge(self, results: Results) -> Judgement:
        """Take the share."""
        figure = results.find(self.workload, OWN)
        roof = None if figure is None else figure.roof
        share = None if roof is None else roof.bandwidth_share
        text = f"{OWN}: share of the bandwidth of its memory level"
        return Judgement(self.workload, text, self.bound, share, "at least")


@dataclass(frozen=True)
class KeptAtLeast(Requirement):
    """At least the share `bound` of the runs."""

    def judge(self, results: Results) -> Judgement:
        """Take the share."""
        share = self.best(results, OWN)
        return Judgement(self.workload, f"{OWN}: share of runs", self.bound, share, "at least")


@dataclass(frozen=True)
class KeptAtMost(Requirement):
    """At most the share `bound` of the runs: intervals must not be wider than they claim."""

    def judge(self, results: Results) -> Judgement:
        """Take the share."""
        share = self.best(results, OWN)
        text = f"{OWN}: share of runs, not too cautious"
        return Judgement(self.workload, text, self.bound, share, "at most")


@dataclass(frozen=True)
class Saves(Requirement):
    """At least so many times fewer synapses than the flat matrix has entries."""

    def judge(self, results: Results) -> Judgement:
        """Take what was found."""
        figure = results.find(self.workload, OWN)
        saving = None if figure is None or figure.finding is None else figure.finding.saving
        text = f"{OWN}: times fewer synapses than entries"
        return Judgement(self.workload, text, self.bound, saving, "at least")


@dataclass(frozen=True)
class FitsIn(Requirement):
    """At most `bound` megabytes resident, the input and the process included."""

    def judge(self, results: Results) -> Judgement:
        """Take the peak."""
        figure = results.find(self.workload, OWN)
        peak = None if figure is None or figure.finding is None else figure.finding.peak
        megabytes = None if peak is None else peak / MEGABYTE
        text = f"{OWN}: megabytes resident"
        return Judgement(self.workload, text, self.bound, megabytes, "at most")


@dataclass(frozen=True)
class ErrorAtMost(Requirement):
    """An error of at most `bound`: what was measured, or that of the network that was found."""

    def judge(self, results: Results) -> Judgement:
        """Take the error."""
        figure = results.find(self.workload, OWN)
        error = None if figure is None else figure.minimum
        if figure is not None and figure.finding is not None:
            error = figure.finding.error
        return Judgement(self.workload, f"{OWN}: error", self.bound, error, "at most")


@dataclass(frozen=True)
class PeakBelow(Requirement):
    """At most `bound` megabytes above the input."""

    def judge(self, results: Results) -> Judgement:
        """Take the peak."""
        peak = self.best(results, OWN)
        megabytes = None if peak is None else peak / MEGABYTE
        text = f"{OWN}: megabytes above the input"
        return Judgement(self.workload, text, self.bound, megabytes, "at most")


@dataclass(frozen=True)
class _Predicted(Requirement):
    """Something about all cells of some grids together."""

    grids: tuple[str, ...]

    @property
    def workloads(self) -> frozenset[str]:
        """One of each grid."""
        return frozenset({self.workload, *self.grids})

    def factors(self, results: Results) -> list[float]:
        """Return how far each prediction is off; nothing unless all grids were measured."""
        figures = [figure for figure in results.figures if figure.workload in self.grids]
        if {figure.workload for figure in figures} < set(self.grids):
            return []
        return [factor(figure) for figure in figures]


@dataclass(frozen=True)
class PredictedWithinTwo(_Predicted):
    """At least the share `bound` of the cells within a factor of two of what was measured."""

    def judge(self, results: Results) -> Judgement:
        """Count them."""
        factors = self.factors(results)
        share = statistics.mean(one <= 2 for one in factors) if factors else None
        text = f"{OWN}: share of predictions within a factor of 2"
        return Judgement(self.workload, text, self.bound, share, "at least")


@dataclass(frozen=True)
class PredictedMedian(_Predicted):
    """At most the factor `bound` between prediction and measurement, in the middle of the cells."""

    def judge(self, results: Results) -> Judgement:
        """Take the middle."""
        factors = self.factors(results)
        middle = statistics.median(factors) if factors else None
        text = f"{OWN}: median factor between predicted and measured"
        return Judgement(self.workload, text, self.bound, middle, "at most")
