"""Two layers of independent entries whose product is nearly dense (eq. 27 of the paper)."""

from __future__ import annotations

import numpy as np

from ..counting import Product
from ..generate import bernoulli
from ..model import Workload


def build(n: int, density: float) -> Product:
    """Draw two layers.

    Returns
    -------
    Product
    """
    rng = np.random.default_rng(1)
    return Product((bernoulli(n, density, rng), bernoulli(n, density, rng)))


WORKLOADS = (
    Workload(
        "bernoulli-1e4",
        "two layers of density p = .01, n = 1e4 (the product is 63% dense)",
        build,
        {
            "full": {"n": 10_000, "density": 0.01},
            "quick": {"n": 2_000, "density": 0.02},
            "tiny": {"n": 40, "density": 0.2},
        },
    ),
    Workload(
        "bernoulli-1e5",
        "two layers of density p = .001, n = 1e5 (1e9 pairs)",
        build,
        {
            "full": {"n": 100_000, "density": 0.001},
            "quick": {"n": 5_000, "density": 0.005},
            "tiny": {"n": 60, "density": 0.05},
        },
    ),
)
