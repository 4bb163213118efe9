"""Product gates: networks that multiply, their errors, and how few neurons they can have.

After sections II.C and III.H and appendix A of the paper, with its formulas corrected.
"""

from __future__ import annotations

from cheapfast.gates.activations import activation
from cheapfast.gates.bits import bit_product_network, boolean_network
from cheapfast.gates.bounds import MinimalNeurons, minimal_neurons
from cheapfast.gates.cost import GateCost, flattening_cost
from cheapfast.gates.flat import flat_product
from cheapfast.gates.moebius import inverse_moebius_transform, moebius_transform
from cheapfast.gates.product import copy_network, flat_product_network, product_network
from cheapfast.gates.result import GateResult
from cheapfast.gates.settling import GateParameters, gate_parameters
from cheapfast.gates.sigma import Sigma
from cheapfast.gates.taylor import Jet
from cheapfast.gates.tree import tree_product, tree_product_network
from cheapfast.gates.weights import WeightCheck, check_product_weights

__all__ = [
    "GateCost",
    "GateParameters",
    "GateResult",
    "Jet",
    "MinimalNeurons",
    "Sigma",
    "WeightCheck",
    "activation",
    "bit_product_network",
    "boolean_network",
    "check_product_weights",
    "copy_network",
    "flat_product",
    "flat_product_network",
    "flattening_cost",
    "gate_parameters",
    "inverse_moebius_transform",
    "minimal_neurons",
    "moebius_transform",
    "product_network",
    "tree_product",
    "tree_product_network",
]
