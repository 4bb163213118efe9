"""The square of a power-law graph: a few enormous rows, many tiny ones."""

from __future__ import annotations

import numpy as np

from ..generate import rmat
from ..model import Problem, Workload

SIZES = {
    "full": {"scale": 17, "edge_factor": 8},
    "quick": {"scale": 12, "edge_factor": 8},
    "tiny": {"scale": 6, "edge_factor": 4},
}


def build(scale: int, edge_factor: int) -> Problem:
    """Draw the graph.

    Returns
    -------
    Problem
    """
    graph = rmat(scale, edge_factor, np.random.default_rng(1))
    return Problem((graph, graph))


WORKLOADS = (
    Workload("rmat-17", "R-MAT graph, scale 17, edge factor 8, squared", build, SIZES),
    Workload("rmat-17-memory", "peak memory of counting rmat-17", build, SIZES, measure="memory"),
)
