"""What a run found out: figures, what was left out and why, and answers that differ."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from .model import Measure
from .roofline import Roof


class Answer(NamedTuple):
    """What a peer counted."""

    flat: int
    deep: int

    def __str__(self) -> str:
        return f"{self.flat:,} of {self.deep:,} synapses"


class Difference(NamedTuple):
    """How far a result is from the first one in the 2-norm, relative to it; inf: no comparison."""

    relative: float
    allowed: float

    def __str__(self) -> str:
        return f"differs by {self.relative:.2g}, relative to the first; allowed {self.allowed:.2g}"


@dataclass(frozen=True)
class Finding:
    """What a peer found for a flat matrix, as seen before anything was timed.

    Parameters
    ----------
    entries : int
        Of the matrix.
    synapses : int
        Of the network; the entries if there is none.
    error : float
        Relative error on random vectors; 0 if there is no network.
    peak : int, optional
        Most bytes resident while it was sought, matrix and process included; None where the system
        does not say.
    """

    entries: int
    synapses: int
    error: float
    peak: int | None

    @property
    def saving(self) -> float:
        """So many times the synapses are the entries."""
        return self.entries / self.synapses


@dataclass(frozen=True)
class Figure:
    """The measurements of one peer on one workload.

    Parameters
    ----------
    workload : str
        Name of the workload.
    measure : str
        What `values` are: seconds, bytes beyond the input, a share, or an error.
    peer : str
        Name of the peer.
    threads : int
        Threads it was allowed.
    values : tuple of float
        One entry a repetition.
    answer : Answer, optional
        What it counted.
    checked : bool
        Whether another peer or a formula gave the same answer.
    roof : Roof, optional
        How near it is to what the machine allows.
    finding : Finding, optional
        What it found for a flat matrix.
    predicted : tuple of float
        What `values` were predicted to be, where that was asked for.
    """

    workload: str
    measure: Measure
    peer: str
    threads: int
    values: tuple[float, ...]
    answer: Answer | None = None
    checked: bool = False
    roof: Roof | None = None
    finding: Finding | None = None
    predicted: tuple[float, ...] = ()

    @property
    def minimum(self) -> float:
        """The best value: what the machine does when nothing disturbs it."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    def to_json(self) -> dict[str, Any]:
        """Return plain values.

        Returns
        -------
        dict
        """
        answer = {"flat": None, "deep": None} if self.answer is None else self.answer._asdict()
        plain = asdict(replace(self, answer=None)) | {
            "unit": {"memory": "bytes", "share": "share", "error": "error"}.get(
                self.measure, "seconds"
            ),
            "minimum": self.minimum,
            "median": self.median,
            **answer,
        }
        del plain["answer"]
        return plain


@dataclass(frozen=True)
class Skip:
    """A peer that was left out of a workload.

    Parameters
    ----------
    workload : str
        Name of the workload.
    peer : str
        Name of the peer; ``"*"`` for all.
    reason : str
        Why.
    """

    workload: str
    peer: str
    reason: str


@dataclass(frozen=True)
class Mismatch:
    """A workload whose answers differ: nothing of it was timed.

    Parameters
    ----------
    workload : str
        Name of the workload.
    answers : dict
        Answer, or difference from the first result, by peer; ``"formula"`` is what must come out.
    """

    workload: str
    answers: Mapping[str, Answer | Difference]

    def to_json(self) -> dict[str, Any]:
        """Return plain values.

        Returns
        -------
        dict
        """
        answers = {peer: answer._asdict() for peer, answer in self.answers.items()}
        return {"workload": self.workload, "answers": answers}


@dataclass
class Results:
    """Everything one run found out.

    Parameters
    ----------
    figures : list of Figure
        Measurements.
    skips : list of Skip
        What was left out.
    mismatches : list of Mismatch
        Answers that differ.
    """

    figures: list[Figure] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)

    def extend(self, other: Results) -> None:
        """Add what another run found out.

        Parameters
        ----------
        other : Results
            Left as it is.
        """
        self.figures += other.figures
        self.skips += other.skips
        self.mismatches += other.mismatches

    def find(self, workload: str, peer: str, threads: int = 1) -> Figure | None:
        """Return the measurements of one peer.

        Returns
        -------
        Figure or None
            None if it did not run.
        """
        for figure in self.figures:
            if (figure.workload, figure.peer, figure.threads) == (workload, peer, threads):
                return figure
        return None
