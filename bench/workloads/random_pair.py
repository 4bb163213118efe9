"""Two random layers with a fixed number of entries a row: no structure, little overlap."""

from __future__ import annotations

import numpy as np

from ..counting import Product
from ..generate import uniform
from ..model import Workload


def build(n: int, per_row: int) -> Product:
    """Draw two layers.

    Returns
    -------
    Product
    """
    rng = np.random.default_rng(1)
    return Product((uniform(n, per_row, rng), uniform(n, per_row, rng)))


WORKLOADS = (
    Workload(
        "random-1e5",
        "two random layers, n = 1e5, 10 entries a row",
        build,
        {
            "full": {"n": 100_000, "per_row": 10},
            "quick": {"n": 10_000, "per_row": 10},
            "tiny": {"n": 60, "per_row": 4},
        },
    ),
    Workload(
        "random-1e6",
        "two random layers, n = 1e6, 8 entries a row",
        build,
        {
            "full": {"n": 1_000_000, "per_row": 8},
            "quick": {"n": 50_000, "per_row": 8},
            "tiny": {"n": 80, "per_row": 3},
        },
    ),
)
