"""The contestants. A new one is a file with a subclass of Peer and a line here."""

from __future__ import annotations

from ..model import Peer
from .batches import CheapfastBatch, ScipyBatch
from .cheapfast_cost import CheapfastCost
from .cheapfast_estimate import CheapfastEstimate
from .cheapfast_flattening import (
    CheapfastCurve,
    CheapfastFrontier,
    CheapfastTolerance,
    CountEveryRun,
    NumpySort,
)
from .cheapfast_gates import CheapfastFlatProduct, CheapfastGates, CheapfastSorted
from .cheapfast_hadamard import CheapfastHadamard
from .cheapfast_layers import CheapfastLayers
from .cheapfast_methods import forced_methods
from .cheapfast_network import CheapfastNetwork
from .cheapfast_scipy import CheapfastFromScipy
from .cheapfast_unflatten import CheapfastUnflatten
from .ffht import Ffht
from .fht_cpu import FhtCpu
from .graphblas import GraphBlas
from .jax_gates import JaxGates
from .lazylinop import LazylinopButterfly, LazylinopFwht, LazylinopKsm, LazylinopMerged
from .lazylinop_ksd import LazylinopKsd, LazylinopKsdBalanced
from .mkl import Mkl
from .mkl_fft import MklFft
from .numba_gates import NumbaGates
from .numexpr_gates import NumexprGates
from .numpy_gates import NumpyAllSigns, NumpyGates
from .numpy_matmul import NumpyMatmul
from .pyfaust import PyfaustFactors, PyfaustTransform
from .pyfaust_butterfly import PyfaustButterfly
from .scipy_fft import ScipyFft
from .scipy_hadamard import ScipyHadamard
from .scipy_layers import ScipyLayers
from .scipy_maxnnz import ScipyMaxnnz
from .scipy_multiplied import ScipyMultiplied
from .scipy_product import ScipyProduct
from .torch import TorchFft, TorchSparse

#: Which problems each solves is its own affair.
ALL: tuple[Peer, ...] = (
    # of counting
    CheapfastNetwork(),
    CheapfastFromScipy(),
    CheapfastCost(),
    *forced_methods(),
    ScipyProduct(),
    ScipyMaxnnz(),
    GraphBlas(),
    Mkl(),
    # of estimating
    CheapfastEstimate(),
    ScipyMultiplied(),
    # of merging and of thinning
    CheapfastFrontier(),
    CountEveryRun(),
    CheapfastTolerance(),
    CheapfastCurve(),
    NumpySort(),
    # of transforming arrays in place
    CheapfastHadamard(),
    Ffht(),
    FhtCpu(),
    ScipyHadamard(),
    # of applying networks
    CheapfastLayers(),
    ScipyLayers(),
    NumpyMatmul(),
    ScipyFft(),
    MklFft(),
    PyfaustFactors(),
    PyfaustTransform(),
    LazylinopFwht(),
    LazylinopButterfly(),
    LazylinopKsm(),
    LazylinopMerged(),
    TorchSparse(),
    TorchFft(),
    # of applying them to batches
    CheapfastBatch(),
    ScipyBatch(),
    # of finding networks for matrices
    CheapfastUnflatten(),
    PyfaustButterfly(),
    LazylinopKsd(),
    LazylinopKsdBalanced(),
    # of adding up product gates
    CheapfastGates(),
    CheapfastFlatProduct(),
    CheapfastSorted(),
    JaxGates(),
    NumpyGates(),
    NumpyAllSigns(),
    NumbaGates(),
    NumexprGates(),
)
