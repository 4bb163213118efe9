"""Five random layers: what lies between the first and the last is larger than either."""

from __future__ import annotations

import numpy as np

from ..counting import Product
from ..generate import uniform
from ..model import Workload


def build(n: int, per_row: int, depth: int) -> Product:
    """Draw the layers.

    Returns
    -------
    Product
    """
    rng = np.random.default_rng(1)
    return Product(tuple(uniform(n, per_row, rng) for _ in range(depth)))


WORKLOADS = (
    Workload(
        "random-chain",
        "five random layers, n = 1e5, 4 entries a row",
        build,
        {
            "full": {"n": 100_000, "per_row": 4, "depth": 5},
            "quick": {"n": 5_000, "per_row": 3, "depth": 5},
            "tiny": {"n": 50, "per_row": 2, "depth": 4},
        },
    ),
)
