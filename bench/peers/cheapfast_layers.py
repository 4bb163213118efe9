"""cheapfast on a network: ``net @ X``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..networks import NetworkApplier, NetworkProblem


class CheapfastLayers(NetworkApplier):
    """``net.apply(X, threads=...)``."""

    name = "cheapfast"

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        """Do nothing: weights are packed in the first call, which is not timed."""
        return partial(problem.layers.apply, problem.operand, threads=threads)
