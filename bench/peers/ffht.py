"""FFHT (Andoni, Indyk, Laarhoven, Razenshteyn, Schmidt 2015), from ffht-unofficial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..transforms import Array, Transformer


class Ffht(Transformer):
    """``ffht.fht_(x)``; it knows one vector, so a batch is a loop."""

    name = "ffht-unofficial"
    packages = ("ffht-unofficial",)
    threaded = False

    def missing(self) -> str | None:
        """Look for the package."""
        try:
            import ffht  # noqa: F401
        except ImportError:
            return (
                "not installed (pip install pybind11 setuptools wheel, then "
                "pip install --no-build-isolation ffht-unofficial)"
            )
        return None

    def refuses(self, problem: Any) -> str | None:  # noqa: ARG002
        """Take every array."""
        return None

    def transformer(self, x: Array, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Transform row by row."""
        import ffht

        if x.ndim == 1:
            return lambda: ffht.fht_(x)
        rows = list(x)

        def run() -> None:
            for row in rows:
                ffht.fht_(row)

        return run
