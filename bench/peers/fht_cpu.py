"""The fast Hadamard transform of the fht-cpu package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..transforms import Array, Transformer


class FhtCpu(Transformer):
    """``fht_cpu.fht(x, num_threads=...)``, in place; one vector always takes one thread."""

    name = "fht-cpu"
    packages = ("fht-cpu",)

    def missing(self) -> str | None:
        """Look for the package."""
        try:
            import fht_cpu  # noqa: F401
        except ImportError:
            return "not installed (pip install fht-cpu)"
        return None

    def refuses(self, problem: Any) -> str | None:  # noqa: ARG002
        """Take every array."""
        return None

    def transformer(self, x: Array, threads: int) -> Callable[[], Any]:
        """Transform in place, which is its default."""
        import fht_cpu

        return lambda: fht_cpu.fht(x, num_threads=threads)
