"""``scipy.fft``, where the network is a Fourier transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..networks import NetworkApplier, NetworkProblem


class ScipyFft(NetworkApplier):
    """``scipy.fft.fft(X, axis=0, workers=...)``: the same layout, the result freshly allocated."""

    name = "scipy.fft"
    packages = ("scipy",)
    transforms = ("fourier",)

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        """Do nothing: the library keeps its plans."""
        from scipy.fft import fft

        x = problem.operand
        return lambda: fft(x, axis=0, workers=threads)
