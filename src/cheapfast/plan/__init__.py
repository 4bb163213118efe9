"""Plans: which kernels apply a tuple of layers, and what that costs.

Everything here takes a tuple of layers and their shapes, never a Network, so that nothing points
back up.
"""

from __future__ import annotations

from cheapfast.plan.application import Application
from cheapfast.plan.cost import Cost, is_opaque, layer_cost
from cheapfast.plan.explanation import Explanation, PassCost, explain
from cheapfast.plan.plan import Plan, make_plan
from cheapfast.plan.prediction.seconds import seconds_text
from cheapfast.plan.reverse import make_reversed_plan
from cheapfast.plan.shapes import Part, chain_shapes, layer_part
from cheapfast.plan.step import Pass

__all__ = [
    "Application",
    "Cost",
    "Explanation",
    "Part",
    "Pass",
    "PassCost",
    "Plan",
    "chain_shapes",
    "explain",
    "is_opaque",
    "layer_cost",
    "layer_part",
    "make_plan",
    "make_reversed_plan",
    "seconds_text",
]
