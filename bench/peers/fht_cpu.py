"""The fast Hadamard transform of the fht-cpu package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..transforms import Transform, Transformer


class FhtCpu(Transformer):
    """``fht_cpu.fht(x, num_threads=...)``, in place; one vector always takes one thread.

    Its OpenMP threads do not survive a fork: a child of this process must not call it.
    """

    name = "fht-cpu"
    packages = ("fht-cpu",)
    modules = ("fht_cpu",)
    install = "pip install fht-cpu"

    def prepare(self, problem: Transform, threads: int) -> Callable[[], Any]:
        """Transform in place, which is its default."""
        import fht_cpu

        x = problem.operand
        return lambda: fht_cpu.fht(x, num_threads=threads)
