"""How many synapses: counted exactly, or expected."""

from __future__ import annotations

from cheapfast.counting.estimate import ESTIMATE_METHODS, Estimate, estimate_synapses
from cheapfast.counting.expected import Expected, expected_synapses
from cheapfast.counting.structural import (
    METHODS,
    StructuralCount,
    structural_counts,
    synapse_count,
)

__all__ = [
    "ESTIMATE_METHODS",
    "METHODS",
    "Estimate",
    "Expected",
    "StructuralCount",
    "estimate_synapses",
    "expected_synapses",
    "structural_counts",
    "synapse_count",
]
