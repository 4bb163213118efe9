"""cheapfast on a network of structured layers: ``net @ X``."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..networks import NetworkApplier
from ..transforms import Array


class CheapfastLayers(NetworkApplier):
    """``net.apply(X, threads=...)``."""

    name = "cheapfast"

    def applier(self, net: cf.Network, threads: int) -> Callable[[Array], Array]:
        """Do nothing: weights are packed in the first call, which is not timed."""
        return lambda x: net.apply(x, threads=threads)
