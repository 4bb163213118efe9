"""The fast algorithms of linear algebra, written as networks.

Each function returns a `cheapfast.Network` whose layers are the factors of the algorithm, in
data-flow order. The descriptions stay symbolic where they can: ``hadamard(2**60)`` takes a few
kilobytes, and is counted exactly.
"""

from __future__ import annotations

from cheapfast.algorithms.butterfly import butterfly
from cheapfast.algorithms.convolution import convolution
from cheapfast.algorithms.daubechies import daubechies
from cheapfast.algorithms.fourier import fourier
from cheapfast.algorithms.hadamard import hadamard
from cheapfast.algorithms.lowrank import low_rank
from cheapfast.algorithms.monarch import monarch
from cheapfast.algorithms.random import random_sparse
from cheapfast.algorithms.strassen import strassen
from cheapfast.algorithms.wavelet import haar

__all__ = [
    "butterfly",
    "convolution",
    "daubechies",
    "fourier",
    "haar",
    "hadamard",
    "low_rank",
    "monarch",
    "random_sparse",
    "strassen",
]
