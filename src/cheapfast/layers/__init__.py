"""The kinds of layers, and the registry that save and load use."""

from __future__ import annotations

from cheapfast.layers.activation import Activation
from cheapfast.layers.base import Layer
from cheapfast.layers.convolution import Convolution
from cheapfast.layers.fourier_values import FourierValues
from cheapfast.layers.kronecker import KroneckerSparse
from cheapfast.layers.operator import Operator
from cheapfast.layers.passthrough import PassThrough
from cheapfast.layers.permutation import Permutation
from cheapfast.layers.registry import layer_from_state, register
from cheapfast.layers.sparse import Sparse
from cheapfast.layers.values import ArrayValues, Values

__all__ = [
    "Activation",
    "ArrayValues",
    "Convolution",
    "FourierValues",
    "KroneckerSparse",
    "Layer",
    "Operator",
    "PassThrough",
    "Permutation",
    "Sparse",
    "Values",
    "layer_from_state",
    "register",
]
