"""Other networks for the same map, and what they cost."""

from __future__ import annotations

from cheapfast.flattening.cost import FlatteningCost, flattening_cost
from cheapfast.flattening.frontier import Frontier, FrontierPoint, flatten, frontier
from cheapfast.flattening.merge import merge, plan_merge
from cheapfast.flattening.merge_plan import MergeGroup, MergePlan

__all__ = [
    "FlatteningCost",
    "Frontier",
    "FrontierPoint",
    "MergeGroup",
    "MergePlan",
    "flatten",
    "flattening_cost",
    "frontier",
    "merge",
    "plan_merge",
]
