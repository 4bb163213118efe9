"""Other networks for the same map, and what they cost."""

from __future__ import annotations

from cheapfast.flattening.cost import FlatteningCost, flattening_cost

__all__ = ["FlatteningCost", "flattening_cost"]
