"""Estimating nonzeros: near enough to the exact count first, then the times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cheapfast as cf

from . import predict
from .entering import first_runs, line_up
from .model import Peer, Problem, Workload
from .results import Difference, Mismatch, Results
from .timing import Settings, set_loops, take_turns, to_figures

#: Half-widths of the interval that an answer may be off: six standard errors and more.
_HALF_WIDTHS = 3


@dataclass(frozen=True)
class Estimation(Problem):
    """A product of layers whose nonzeros are to be estimated.

    Parameters
    ----------
    matrices : tuple of scipy.sparse.csr_array
        The factors in matrix order.
    rel_error : float
        Half-width of the 95 percent interval, relative.
    """

    matrices: tuple[Any, ...]
    rel_error: float = 0.01

    def network(self) -> Any:
        """Construct the network.

        Returns
        -------
        cheapfast.Network
        """
        return cf.chain(*self.matrices)

    @cached_property
    def cost(self) -> predict.Cost:
        """Upper bounds of what multiplying the factors one after another takes."""
        return predict.upper_bounds(self.matrices)


def time_estimates(
    workload: Workload, problem: Estimation, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Check that all peers come near the exact count, then time them.

    Parameters and result are those of `time_applications`.
    """
    results = Results()
    contestants = line_up(workload, problem, peers, settings, results)
    exact = cf.synapse_count(problem.network())
    allowed = _HALF_WIDTHS * problem.rel_error
    differences: dict[str, Difference] = {}
    ready = []
    for entry, answer in first_runs(workload, contestants, results):
        ready.append(entry)
        differences[entry.label] = Difference(abs(answer - exact) / max(exact, 1), allowed)
    if any(entry.relative > entry.allowed for entry in differences.values()):
        results.mismatches.append(Mismatch(workload.name, differences))
        return results
    set_loops(ready)
    take_turns(ready, settings)
    results.figures += to_figures(workload, ready)
    return results
