"""Counting nonzeros: equal answers first, then the times."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cheapfast as cf

from . import predict
from .entering import first_runs, line_up
from .flattening import LeastCount
from .model import Peer, Problem, Workload
from .results import Answer, Figure, Mismatch, Results
from .timing import Contestant, Settings, take_turns, to_figures


@dataclass(frozen=True)
class Product(Problem):
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

    @property
    def formula(self) -> dict[str, Answer]:
        """The answer under the name ``formula``, where there is one."""
        return {} if self.flat is None else {"formula": Answer(self.flat, self.synapses)}


class Counter(Peer):
    """One way to count the nonzeros of a product."""

    solves = Product

    def refuses(self, problem: Product) -> str | None:
        """Take what has matrices."""
        return None if problem.matrices else "needs the matrices, which are too large to write down"

    @abstractmethod
    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Convert the matrices to the peer's own format; see `Peer.prepare`."""


def time_counts(
    workload: Workload,
    problem: Product | LeastCount,
    peers: Sequence[Peer],
    settings: Settings,
) -> Results:
    """Check that all peers count the same, then time them.

    Parameters and result are those of `time_applications`.
    """
    results = Results()
    contestants = line_up(workload, problem, peers, settings, results)
    answers = {entry.label: answer for entry, answer in first_runs(workload, contestants, results)}
    if agree(workload, problem, answers, results):
        ready = [entry for entry in contestants if entry.label in answers]
        take_turns(ready, settings)
        results.figures += figures_of(workload, problem, ready, answers)
    return results


def agree(
    workload: Workload,
    problem: Product | LeastCount,
    answers: Mapping[str, Answer],
    results: Results,
) -> bool:
    """Say whether all answers are the same, and that of the formula; else `results` says so."""
    answers = {**answers, **problem.formula}
    if len(set(answers.values())) <= 1:
        return True
    results.mismatches.append(Mismatch(workload.name, answers))
    return False


def figures_of(
    workload: Workload,
    problem: Product | LeastCount,
    contestants: Iterable[Contestant],
    answers: Mapping[str, Answer],
) -> list[Figure]:
    """Turn what was measured into figures, all with the same answer; a formula checks it too."""
    answer = next(iter(answers.values()), None)
    return to_figures(workload, contestants, answer, others=problem.formula)
