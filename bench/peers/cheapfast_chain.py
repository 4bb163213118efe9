"""cheapfast on a network of sparse layers: ``net @ X``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cheapfast as cf

from ..chains import Applier
from ..transforms import Array


class CheapfastChain(Applier):
    """``cf.chain(A, B, ...).apply(X, threads=...)``."""

    name = "cheapfast"

    def applier(self, matrices: Sequence[Any], threads: int) -> Callable[[Array], Array]:
        """Construct the network."""
        net = cf.chain(*matrices)
        return lambda x: net.apply(x, threads=threads)
