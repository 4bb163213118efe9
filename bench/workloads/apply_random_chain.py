"""Five random layers applied to a block of vectors, and to one: no structure, cache misses only."""

from __future__ import annotations

from functools import partial

import numpy as np

import cheapfast as cf

from ..generate import uniform
from ..model import Workload
from ..networks import NetworkProblem


def build(n: int, per_row: int, depth: int, columns: int, dtype: str) -> NetworkProblem:
    """Draw the layers.

    Returns
    -------
    NetworkProblem
    """
    rng = np.random.default_rng(1)
    matrices = tuple(uniform(n, per_row, rng).astype(dtype) for _ in range(depth))
    return NetworkProblem(partial(cf.chain, *matrices), columns, dtype)


def _workload(dtype: str, columns: int) -> Workload:
    same = {"columns": columns, "dtype": dtype}
    vectors = "vector" if columns == 1 else "vectors"
    return Workload(
        f"apply-random-chain-f{dtype[-2:]}-{columns}",
        f"apply five random layers, n = 1e5, 4 entries a row, to {columns} {dtype} {vectors}",
        build,
        {
            "full": {"n": 100_000, "per_row": 4, "depth": 5, **same},
            "quick": {"n": 10_000, "per_row": 4, "depth": 5, **same},
            "tiny": {"n": 50, "per_row": 2, "depth": 4, **same},
        },
        measure="apply",
    )


WORKLOADS = tuple(
    _workload(dtype, columns) for dtype in ("float64", "float32") for columns in (64, 1)
)
