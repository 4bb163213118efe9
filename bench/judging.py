"""Requirements of every kind, and how a run is held to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .merging import APART, BEST, MULTIPLIED
from .results import Figure, Results
from .timing import label

OWN = "cheapfast"
FROM_SCIPY = "cheapfast-from-scipy"
MEGABYTE = 10**6


@dataclass(frozen=True)
class Judgement:
    """One requirement, judged.

    Parameters
    ----------
    workload : str
        Name of the workload.
    requirement : str
        What must be reached.
    required : float
        The bound.
    measured : float or None
        None if the run did not measure it.
    sense : {"at least", "at most"}
        On which side of the bound to be.
    """

    workload: str
    requirement: str
    required: float
    measured: float | None
    sense: Literal["at least", "at most"]

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None if it was not measured."""
        if self.measured is None:
            return None
        if self.sense == "at least":
            return self.measured >= self.required
        return self.measured <= self.required

    def to_json(self) -> dict[str, Any]:
        """Return plain values.

        Returns
        -------
        dict
        """
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Requirement(ABC):
    """Something that a workload must reach.

    Parameters
    ----------
    workload : str
        Name of the workload.
    bound : float
        The number to reach or to stay below.
    """

    workload: str
    bound: float

    @property
    def workloads(self) -> frozenset[str]:
        """All workloads whose figures are looked at."""
        return frozenset({self.workload})

    @abstractmethod
    def judge(self, results: Results) -> Judgement:
        """Compare with what was measured.

        Returns
        -------
        Judgement
        """

    def _best(self, results: Results, peer: str, threads: int = 1) -> float | None:
        figure = results.find(self.workload, peer, threads)
        return None if figure is None else figure.minimum


@dataclass(frozen=True)
class Faster(Requirement):
    """At least `bound` times as fast as a peer on one thread."""

    peer: str
    own: str = OWN
    threads: int = 1

    def judge(self, results: Results) -> Judgement:
        """Divide the peer's time by the own one."""
        theirs = self._best(results, self.peer)
        ours = self._best(results, self.own, self.threads)
        ratio = None if theirs is None or ours is None else theirs / ours
        text = f"{label(self.own, self.threads)}: times as fast as {self.peer}"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


@dataclass(frozen=True)
class FasterThanAll(Requirement):
    """At least `bound` times as fast as the best peer."""

    def judge(self, results: Results) -> Judgement:
        """Divide the best peer's time by the own one."""
        ours = self._best(results, OWN)
        theirs = [figure.minimum for figure in _rivals(results, self.workload)]
        ratio = None if ours is None or not theirs else min(theirs) / ours
        text = f"{OWN}: times as fast as the best peer"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


@dataclass(frozen=True)
class Within(Requirement):
    """At most `bound` seconds."""

    own: str = OWN
    threads: int = 1

    def judge(self, results: Results) -> Judgement:
        """Take the time."""
        seconds = self._best(results, self.own, self.threads)
        text = f"{label(self.own, self.threads)}: seconds"
        return Judgement(self.workload, text, self.bound, seconds, "at most")


@dataclass(frozen=True)
class AtMostTimes(Requirement):
    """At most `bound` times as long as another workload."""

    other: str

    @property
    def workloads(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.workload, self.other})

    def judge(self, results: Results) -> Judgement:
        """Divide the two times."""
        ours, other = self._best(results, OWN), results.find(self.other, OWN)
        ratio = None if ours is None or other is None else ours / other.minimum
        text = f"{OWN}: times as long as {self.other}"
        return Judgement(self.workload, text, self.bound, ratio, "at most")


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
        share = self._best(results, OWN)
        return Judgement(self.workload, f"{OWN}: share of runs", self.bound, share, "at least")


@dataclass(frozen=True)
class KeptAtMost(Requirement):
    """At most the share `bound` of the runs: intervals must not be wider than they claim."""

    def judge(self, results: Results) -> Judgement:
        """Take the share."""
        share = self._best(results, OWN)
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
        peak = self._best(results, OWN)
        megabytes = None if peak is None else peak / MEGABYTE
        text = f"{OWN}: megabytes above the input"
        return Judgement(self.workload, text, self.bound, megabytes, "at most")


@dataclass(frozen=True)
class GoodChoice(Requirement):
    """At most `bound` times the time of the best single method."""

    def judge(self, results: Results) -> Judgement:
        """Divide the time of the automatic choice by that of the best forced method."""
        ours = self._best(results, OWN)
        forced = [
            figure.minimum
            for figure in results.figures
            if figure.workload == self.workload
            and figure.threads == 1
            and figure.peer.startswith(f"{OWN}-")
            and figure.peer != FROM_SCIPY
        ]
        ratio = None if ours is None or not forced else ours / min(forced)
        text = f"{OWN}: times the best single method"
        return Judgement(self.workload, text, self.bound, ratio, "at most")


@dataclass(frozen=True)
class GoodMerges(Requirement):
    """At least `bound` kinds of network whose choice is within 15% of the best partition."""

    kinds: tuple[str, ...]

    @property
    def workloads(self) -> frozenset[str]:
        """One of each kind."""
        return frozenset({self.workload, *self.kinds})

    def judge(self, results: Results) -> Judgement:
        """Count them, where all kinds were measured."""
        ratios = []
        for kind in self.kinds:
            ours, best = results.find(kind, OWN), results.find(kind, BEST)
            if ours is not None and best is not None:
                ratios.append(ours.minimum / best.minimum)
        good = sum(ratio <= 1.15 for ratio in ratios)
        text = f"kinds of {len(self.kinds)} whose choice is within 15% of the best partition"
        measured = good if len(ratios) == len(self.kinds) else None
        return Judgement(self.workload, text, self.bound, measured, "at least")


@dataclass(frozen=True)
class NotTheWorst(Requirement):
    """At least `bound` times as fast as the slower of applying all and multiplying all."""

    def judge(self, results: Results) -> Judgement:
        """Divide the slower one's time by the own one."""
        ours = self._best(results, OWN)
        both = [results.find(self.workload, peer) for peer in (APART, MULTIPLIED)]
        slower = max((figure.minimum for figure in both if figure is not None), default=None)
        ratio = None if ours is None or slower is None else slower / ours
        text = f"{OWN}: times as fast as the slower of {APART} and {MULTIPLIED}"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


@dataclass(frozen=True)
class Scaling(Requirement):
    """At least `bound` times as fast with two threads as with one."""

    def judge(self, results: Results) -> Judgement:
        """Divide the two times."""
        one, two = self._best(results, OWN, 1), self._best(results, OWN, 2)
        ratio = None if one is None or two is None else one / two
        text = f"{OWN}: times as fast with 2 threads as with 1"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


def _rivals(results: Results, workload: str) -> list[Figure]:
    return [
        figure
        for figure in results.figures
        if figure.workload == workload and figure.threads == 1 and not figure.peer.startswith(OWN)
    ]
