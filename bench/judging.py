"""What a requirement is, and what comes of holding a run to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .results import Results

OWN = "cheapfast"


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

    def best(self, results: Results, peer: str, threads: int = 1) -> float | None:
        """Return the least that was measured of a peer on the workload.

        Parameters
        ----------
        results : Results
            What was measured.
        peer : str
            Its name.
        threads : int, optional
            Number of threads.

        Returns
        -------
        float or None
            None if it was not measured.
        """
        figure = results.find(self.workload, peer, threads)
        return None if figure is None else figure.minimum
