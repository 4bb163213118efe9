"""Five random layers: what lies between the first and the last is larger than either."""

from __future__ import annotations

import numpy as np

from ..generate import uniform
from ..model import Problem, Workload


def build(n: int, per_row: int, depth: int) -> Problem:
    """Draw the layers.

    Returns
    -------
    Problem
    """
    rng = np.random.default_rng(1)
    return Problem(tuple(uniform(n, per_row, rng) for _ in range(depth)))


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
