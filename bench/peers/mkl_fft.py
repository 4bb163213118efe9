"""Intel MKL's Fourier transform, called through mkl_fft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..mkl_threads import library, set_threads
from ..networks import NetworkApplier, NetworkProblem


class MklFft(NetworkApplier):
    """``mkl_fft.fft(X, axis=0)``: the same layout, the result freshly allocated."""

    name = "mkl_fft"
    packages = ("mkl_fft", "mkl")
    modules = ("mkl_fft",)
    install = "pip install mkl_fft"
    transforms = ("fourier",)

    def missing(self) -> str | None:
        """Look for mkl_fft and for the library whose threads are limited."""
        if super().missing() is None and library() is None:
            return "mkl_fft: its MKL is no wheel, so its threads cannot be limited"
        return super().missing()

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        """Do nothing: the library keeps its plans."""
        import mkl_fft

        x = problem.operand

        def run() -> Any:
            set_threads(threads)
            return mkl_fft.fft(x, axis=0)

        return run
