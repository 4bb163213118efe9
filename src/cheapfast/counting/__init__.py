"""How many synapses: counted exactly, or expected."""

from __future__ import annotations

from cheapfast.counting import distributed
from cheapfast.counting.count import KINDS, synapse_count
from cheapfast.counting.estimate import estimate_synapses
from cheapfast.counting.estimation import ESTIMATE_METHODS, Estimate
from cheapfast.counting.expected import Expected, expected_synapses
from cheapfast.counting.numerical import NumericalCount, count_numerical
from cheapfast.counting.structural import (
    METHODS,
    StructuralCount,
    structural_counts,
)

__all__ = [
    "ESTIMATE_METHODS",
    "KINDS",
    "METHODS",
    "Estimate",
    "Expected",
    "NumericalCount",
    "StructuralCount",
    "count_numerical",
    "distributed",
    "estimate_synapses",
    "expected_synapses",
    "structural_counts",
    "synapse_count",
]
