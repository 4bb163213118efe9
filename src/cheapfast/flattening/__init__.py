"""Other networks for the same map, and what they cost."""

from __future__ import annotations

from cheapfast.flattening.cost import FlatteningCost, flattening_cost
from cheapfast.flattening.curve import ToleranceCurve
from cheapfast.flattening.flatten import flatten
from cheapfast.flattening.frontier import Frontier, FrontierPoint, frontier
from cheapfast.flattening.merge import merge, plan_merge, recalibrate
from cheapfast.flattening.merge_groups import MergeGroup, Timing
from cheapfast.flattening.merge_plan import MergePlan
from cheapfast.flattening.spectral import SpectralCost, spectral_cost
from cheapfast.flattening.tolerance import tolerance_curve
from cheapfast.flattening.unflatten import (
    Candidate,
    StructureNotFound,
    Unflattening,
    unflatten,
)

__all__ = [
    "Candidate",
    "FlatteningCost",
    "Frontier",
    "FrontierPoint",
    "MergeGroup",
    "MergePlan",
    "SpectralCost",
    "StructureNotFound",
    "Timing",
    "ToleranceCurve",
    "Unflattening",
    "flatten",
    "flattening_cost",
    "frontier",
    "merge",
    "plan_merge",
    "recalibrate",
    "spectral_cost",
    "tolerance_curve",
    "unflatten",
]
