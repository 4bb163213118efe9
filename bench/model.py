"""The two sides of a benchmark: a problem to solve and a peer that solves it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import cheapfast as cf

from . import predict

Measure = Literal["time", "memory", "import", "apply", "chain", "network"]


class UnavailableError(Exception):
    """A workload or a peer cannot run here; the message says why and what to install."""


class Answer(NamedTuple):
    """What a peer found out: two exact counts."""

    flat: int
    deep: int


@dataclass(frozen=True)
class Problem:
    """A product of layers whose nonzeros are to be counted.

    Parameters
    ----------
    matrices : tuple of scipy.sparse.csr_array
        The factors in matrix order; empty if they are too large to be written down.
    symbolic : callable, optional
        Builds the network where there are no matrices.
    flat : int, optional
        The answer, where a formula knows it.
    deep : int, optional
        The synapses of all layers, where a formula knows them.
    """

    matrices: tuple[Any, ...] = ()
    symbolic: Callable[[], Any] | None = None
    flat: int | None = None
    deep: int | None = None

    def network(self) -> Any:
        """Construct the network: from the matrices, or in closed form.

        Returns
        -------
        cheapfast.Network
        """
        return cf.chain(*self.matrices) if self.symbolic is None else self.symbolic()

    @cached_property
    def synapses(self) -> int:
        """Synapses of all layers together."""
        if self.deep is not None:
            return self.deep
        return sum(int(matrix.nnz) for matrix in self.matrices)

    @cached_property
    def cost(self) -> predict.Cost:
        """Upper bounds of what multiplying the factors one after another takes."""
        return predict.upper_bounds(self.matrices)


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
    measure : {"time", "memory", "import", "apply", "chain", "network"}, optional
        What is measured; "apply" is a transform of an array, "chain" matrices times vectors,
        "network" structured layers times vectors.
    """

    name: str
    title: str
    build: Callable[..., Problem]
    sizes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    measure: Measure = "time"

    @property
    def topic(self) -> str:
        """What ``--only`` selects: ``count``, ``memory``, ``import`` or ``apply``."""
        return {"time": "count", "chain": "apply", "network": "apply"}.get(
            self.measure, self.measure
        )


class Peer(ABC):
    """One way to solve a problem. A subclass is one small file in peers/."""

    #: name on the command line and in results
    name: str
    #: distributions whose versions are recorded
    packages: ClassVar[tuple[str, ...]] = ()
    #: whether it makes use of more than one thread
    threaded: ClassVar[bool] = True

    def missing(self) -> str | None:
        """Say what is not installed.

        Returns
        -------
        str or None
            None if the peer can run.
        """
        return None

    def refuses(self, problem: Problem) -> str | None:
        """Say why the peer cannot take this problem.

        Returns
        -------
        str or None
            None if it can.
        """
        return None if problem.matrices else "needs the matrices, which are too large to write down"

    def predicted_bytes(self, problem: Problem) -> int:  # noqa: ARG002
        """Predict the memory that a run takes beyond the problem itself.

        Returns
        -------
        int
            Bytes, an upper bound.
        """
        return 0

    @abstractmethod
    def prepare(self, problem: Problem, threads: int) -> Callable[[], Answer]:
        """Convert the problem to the peer's own format.

        Parameters
        ----------
        problem : Problem
            What to solve.
        threads : int
            How many threads the run may use.

        Returns
        -------
        callable
            What is timed. It counts anew with every call.
        """
