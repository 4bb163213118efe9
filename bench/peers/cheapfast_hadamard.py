"""The kernel itself: ``cheapfast.hadamard_transform``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cheapfast as cf

from ..transforms import Transform, Transformer


class CheapfastHadamard(Transformer):
    """``hadamard_transform(x, out=x)``."""

    name = "cheapfast"

    def prepare(self, problem: Transform, threads: int) -> Callable[[], Any]:
        """Call by position: keywords take longer than 64 numbers."""
        transform, x = cf.hadamard_transform, problem.operand
        return lambda: transform(x, x, -1, threads)
