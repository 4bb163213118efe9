"""``scipy.fft``, where the network is a Fourier transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cheapfast as cf

from ..model import Problem
from ..networks import NetworkApplier, NetworkProblem
from ..transforms import Array


class ScipyFft(NetworkApplier):
    """``scipy.fft.fft(X, axis=0)``."""

    name = "scipy.fft"
    packages = ("scipy",)
    threaded = False

    def refuses(self, problem: Problem) -> str | None:
        """Take Fourier transforms only."""
        fits = isinstance(problem, NetworkProblem) and problem.is_fourier
        return None if fits else "takes Fourier transforms only"

    def applier(self, net: cf.Network, threads: int) -> Callable[[Array], Array]:  # noqa: ARG002
        """Do nothing: the library keeps its plans."""
        import scipy.fft

        def run(x: Array) -> Any:
            return scipy.fft.fft(x, axis=0, workers=1)

        return run
