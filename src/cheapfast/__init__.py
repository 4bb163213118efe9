"""What a chain of sparse or structured matrices costs, fused or applied.

After H. W. Lin, M. Tegmark and D. Rolnick, "Why does deep and cheap learning work so well?" (2017):
structure lets a deep network of few synapses do what a flat one needs many for. A `Network` is
described once, and the same description is counted, applied, merged and drawn.

Examples
--------
>>> import cheapfast as cf
>>> net = cf.algorithms.hadamard(2**60)
>>> cf.flattening_cost(net).flat == 2**120
True
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from types import ModuleType

from cheapfast import algorithms, counting, flattening, layers, support
from cheapfast._build import BuildInfo, build_info
from cheapfast.counting import (
    Estimate,
    Expected,
    estimate_synapses,
    expected_synapses,
    synapse_count,
)
from cheapfast.flattening import (
    FlatteningCost,
    Frontier,
    FrontierPoint,
    MergeGroup,
    MergePlan,
    SpectralCost,
    StructureNotFound,
    ToleranceCurve,
    Unflattening,
    flatten,
    flattening_cost,
    frontier,
    merge,
    plan_merge,
    spectral_cost,
    tolerance_curve,
    unflatten,
)
from cheapfast.io import load, read_chain, read_matrix, save
from cheapfast.layers import (
    Activation,
    Convolution,
    KroneckerSparse,
    Layer,
    Operator,
    PassThrough,
    Permutation,
    Sparse,
)
from cheapfast.network import Network, chain
from cheapfast.transform import hadamard_transform

__version__ = version("cheapfast")

#: Loaded when first asked for (PEP 562): `import cheapfast` stays light.
_LAZY = ("gates", "paper")

__all__ = [
    "Activation",
    "BuildInfo",
    "Convolution",
    "Estimate",
    "Expected",
    "FlatteningCost",
    "Frontier",
    "FrontierPoint",
    "KroneckerSparse",
    "Layer",
    "MergeGroup",
    "MergePlan",
    "Network",
    "Operator",
    "PassThrough",
    "Permutation",
    "Sparse",
    "SpectralCost",
    "StructureNotFound",
    "ToleranceCurve",
    "Unflattening",
    "__version__",
    "algorithms",
    "build_info",
    "chain",
    "counting",
    "estimate_synapses",
    "expected_synapses",
    "flatten",
    "flattening",
    "flattening_cost",
    "frontier",
    "gates",
    "hadamard_transform",
    "layers",
    "load",
    "merge",
    "paper",
    "plan_merge",
    "read_chain",
    "read_matrix",
    "save",
    "spectral_cost",
    "support",
    "synapse_count",
    "tolerance_curve",
    "unflatten",
]


def __getattr__(name: str) -> ModuleType:
    if name in _LAZY:
        return importlib.import_module(f"cheapfast.{name}")
    raise AttributeError(f"module 'cheapfast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
