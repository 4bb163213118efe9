"""The kernel itself: ``cheapfast.hadamard_transform``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cheapfast as cf

from ..transforms import Array, Transformer


class CheapfastHadamard(Transformer):
    """``hadamard_transform(x, out=x)``."""

    name = "cheapfast"

    def refuses(self, problem: Any) -> str | None:  # noqa: ARG002
        """Take every array."""
        return None

    def transformer(self, x: Array, threads: int) -> Callable[[], Any]:
        """Call by position: keywords take longer than 64 numbers."""
        transform = cf.hadamard_transform
        return lambda: transform(x, x, -1, threads)
