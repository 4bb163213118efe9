"""Other networks for the same map, and what they cost."""

from __future__ import annotations

from cheapfast.flattening.cost import FlatteningCost, flattening_cost
from cheapfast.flattening.frontier import Frontier, FrontierPoint, flatten, frontier

__all__ = [
    "FlatteningCost",
    "Frontier",
    "FrontierPoint",
    "flatten",
    "flattening_cost",
    "frontier",
]
