"""FFHT (Andoni, Indyk, Laarhoven, Razenshteyn, Schmidt 2015), from ffht-unofficial."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..transforms import Transform, Transformer


class Ffht(Transformer):
    """``ffht.fht_(x)``; it knows one vector, so a batch is a loop."""

    name = "ffht-unofficial"
    packages = ("ffht-unofficial",)
    modules = ("ffht",)
    install = (
        "pip install pybind11 setuptools wheel, then "
        "pip install --no-build-isolation ffht-unofficial"
    )
    threaded = False

    def prepare(self, problem: Transform, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Transform row by row."""
        import ffht

        if problem.operand.ndim == 1:
            return partial(ffht.fht_, problem.operand)
        rows = list(problem.operand)

        def run() -> None:
            for row in rows:
                ffht.fht_(row)

        return run
