"""How long passes take, predicted from measured rates of the machine.

A structured pass takes its flops times a measured rate, and more for memory beyond the cache;
sparse layers have a model of their own, in `cheapfast.plan.sparse_seconds`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast.layers import Convolution, KroneckerSparse, PassThrough, Permutation, Sparse
from cheapfast.plan.cost import layer_cost
from cheapfast.plan.sparse_seconds import Vectors, as_float, sparse_seconds, with_threads
from cheapfast.plan.traffic import Traffic, layer_traffic

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.machine import Machine
    from cheapfast.plan.step import Pass

#: Kernels of passes that apply sparse layers one after another; a neighbour of the kind joins them.
SPARSE_PASSES = ("csr", "csr chain")
_FUSED = {
    "fused fourier": "fourier",
    "fused hadamard": "sums",
    "walsh-hadamard": "sums",
    "fused butterfly": "blocks",
}
