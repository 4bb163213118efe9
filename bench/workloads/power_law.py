"""The square of a power-law graph: a few enormous rows, many tiny ones."""

from __future__ import annotations

import numpy as np

from ..counting import Product
from ..generate import rmat
from ..model import Workload

SIZES = {
    "full": {"scale": 17, "edge_factor": 8},
    "quick": {"scale": 12, "edge_factor": 8},
    "tiny": {"scale": 6, "edge_factor": 4},
}


def build(scale: int, edge_factor: int) -> Product:
    """Draw the graph.

    Returns
    -------
    Product
    """
    graph = rmat(scale, edge_factor, np.random.default_rng(1))
    return Product((graph, graph))


WORKLOADS = (
    Workload("rmat-17", "R-MAT graph, scale 17, edge factor 8, squared", build, SIZES),
    Workload("rmat-17-memory", "peak memory of counting rmat-17", build, SIZES, measure="memory"),
)
