"""The layers of a network as SciPy's sparse matrices, applied one after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from ..networks import NetworkApplier, NetworkProblem


class ScipyLayers(NetworkApplier):
    """``A @ (B @ X)``."""

    name = "scipy"
    packages = ("scipy",)
    threaded = False

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Write each layer out."""
        matrices, x = [layer.to_csr() for layer in problem.layers], problem.operand
        return lambda: reduce(lambda product, matrix: matrix @ product, matrices, x)
