"""SciPy's sparse matrices, applied one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from ..chains import Applier
from ..transforms import Array


class ScipyChain(Applier):
    """``A @ (B @ X)``."""

    name = "scipy"
    packages = ("scipy",)
    threaded = False

    def applier(
        self,
        matrices: Sequence[Any],
        threads: int,  # noqa: ARG002
    ) -> Callable[[Array], Array]:
        """Do nothing: the matrices are SciPy's."""
        return lambda x: reduce(lambda product, factor: factor @ product, reversed(matrices), x)
