"""The two sides of a benchmark: a problem to solve and a peer that solves it."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Measure = Literal[
    "time",
    "memory",
    "import",
    "apply",
    "flatten",
    "merge",
    "prediction",
    "unflatten",
    "estimate",
    "share",
    "error",
]


class UnavailableError(Exception):
    """A workload or a peer cannot run here; the message says why and what to install."""


class Problem:
    """What a workload asks: a `Product` is counted, an `Application` or `MergeProblem` applied."""


@dataclass(frozen=True)
class Workload:
    """A problem at several sizes.

    Parameters
    ----------
    name : str
        Its name on the command line and in results.
    title : str
        One line of description.
    build : callable
        Makes the problem from one entry of `sizes`. Raises UnavailableError if it needs a package
        that is not installed.
    sizes : mapping
        Keyword arguments of `build` under ``"full"`` (published figures), ``"quick"`` (seconds) and
        ``"tiny"`` (tests).
    measure : str, optional
        What is measured, one of `Measure`: the time or the peak memory of a count; the time of
        importing, of applying, of finding least counts, of merging and applying, as predicted and
        as it is, of finding a network, of an estimate; the share of the seeds with which a promise
        is kept; an error.
    target : str, optional
        The instruction set that cheapfast's kernels are held to; the best one by default.
    group : str, optional
        The topic, if it is not that of its measure.
    """

    name: str
    title: str
    build: Callable[..., Problem]
    sizes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    measure: Measure = "time"
    target: str | None = None
    group: str | None = None

    @property
    def topic(self) -> str:
        """What ``--only`` selects: the measure, but ``count`` and ``estimate`` for two of them."""
        return self.group or {"time": "count", "share": "estimate"}.get(self.measure, self.measure)


class Peer(ABC):
    """One way to solve problems. A subclass is one small file in peers/."""

    #: name on the command line and in results
    name: str
    #: the problems that it may be asked; to all others it is no peer
    solves: ClassVar[type[Problem]]
    #: distributions whose versions are recorded
    packages: ClassVar[tuple[str, ...]] = ()
    #: modules that it imports, and how to get them
    modules: ClassVar[tuple[str, ...]] = ()
    install: ClassVar[str] = ""
    #: how many times the error that is allowed to others its results may have, where it is known
    #: to be less accurate
    error_factor: ClassVar[float] = 1.0
    #: whether it makes use of more than one thread
    threaded: ClassVar[bool] = True

    def missing(self) -> str | None:
        """Say what is not installed.

        Returns
        -------
        str or None
            None if the peer can run.
        """
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        return f"{', '.join(absent)}: not installed ({self.install})" if absent else None

    def refuses(self, problem: Any) -> str | None:  # noqa: ARG002
        """Say why the peer cannot take this problem.

        Returns
        -------
        str or None
            None if it can.
        """
        return None

    def predicted_bytes(self, problem: Any) -> int:  # noqa: ARG002
        """Predict the memory that a run takes beyond the problem itself.

        Returns
        -------
        int
            Bytes, an upper bound.
        """
        return 0

    @abstractmethod
    def prepare(self, problem: Any, threads: int) -> Callable[[], Any]:
        """Convert the problem to the peer's own format.

        Parameters
        ----------
        problem : Problem
            What to solve, one of `solves`.
        threads : int
            How many threads the run may use.

        Returns
        -------
        callable
            What is timed. It solves the problem anew with every call.
        """
