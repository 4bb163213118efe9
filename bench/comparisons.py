"""Requirements of one time against others: peers, threads, methods, other workloads."""

from __future__ import annotations

from dataclasses import dataclass

from .judging import OWN, Judgement, Requirement
from .merging import APART, BEST, MULTIPLIED
from .results import Figure, Results
from .timing import label

FROM_SCIPY = "cheapfast-from-scipy"


@dataclass(frozen=True)
class Faster(Requirement):
    """At least `bound` times as fast as a peer on one thread."""

    peer: str
    own: str = OWN
    threads: int = 1

    def judge(self, results: Results) -> Judgement:
        """Divide the peer's time by the own one."""
        theirs = self.best(results, self.peer)
        ours = self.best(results, self.own, self.threads)
        ratio = None if theirs is None or ours is None else theirs / ours
        text = f"{label(self.own, self.threads)}: times as fast as {self.peer}"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


@dataclass(frozen=True)
class FasterThanAll(Requirement):
    """At least `bound` times as fast as the best peer."""

    def judge(self, results: Results) -> Judgement:
        """Divide the best peer's time by the own one."""
        ours = self.best(results, OWN)
        theirs = [figure.minimum for figure in _rivals(results, self.workload)]
        ratio = None if ours is None or not theirs else min(theirs) / ours
        text = f"{OWN}: times as fast as the best peer"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


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
        ours, other = self.best(results, OWN), results.find(self.other, OWN)
        ratio = None if ours is None or other is None else ours / other.minimum
        text = f"{OWN}: times as long as {self.other}"
        return Judgement(self.workload, text, self.bound, ratio, "at most")


@dataclass(frozen=True)
class GoodChoice(Requirement):
    """At most `bound` times the time of the best single method."""

    def judge(self, results: Results) -> Judgement:
        """Divide the time of the automatic choice by that of the best forced method."""
        ours = self.best(results, OWN)
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
        ours = self.best(results, OWN)
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
        one, two = self.best(results, OWN, 1), self.best(results, OWN, 2)
        ratio = None if one is None or two is None else one / two
        text = f"{OWN}: times as fast with 2 threads as with 1"
        return Judgement(self.workload, text, self.bound, ratio, "at least")


def _rivals(results: Results, workload: str) -> list[Figure]:
    return [
        figure
        for figure in results.figures
        if figure.workload == workload and figure.threads == 1 and not figure.peer.startswith(OWN)
    ]
