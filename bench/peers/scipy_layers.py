"""The layers of a network as SciPy's sparse matrices, applied one after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import cheapfast as cf

from ..networks import NetworkApplier
from ..transforms import Array


class ScipyLayers(NetworkApplier):
    """``A @ (B @ X)``."""

    name = "scipy"
    packages = ("scipy",)
    threaded = False

    def applier(self, net: cf.Network, threads: int) -> Callable[[Array], Array]:  # noqa: ARG002
        """Write each layer out."""
        matrices = [layer.to_csr() for layer in net]
        return lambda x: reduce(lambda product, matrix: matrix @ product, matrices, x)
