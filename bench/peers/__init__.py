"""The contestants. A new one is a file with a subclass of Peer and a line here."""

from __future__ import annotations

from ..chains import Applier
from ..model import Peer
from ..networks import NetworkApplier
from ..transforms import Transformer
from .cheapfast_chain import CheapfastChain
from .cheapfast_cost import CheapfastCost
from .cheapfast_hadamard import CheapfastHadamard
from .cheapfast_layers import CheapfastLayers
from .cheapfast_methods import forced_methods
from .cheapfast_network import CheapfastNetwork
from .cheapfast_scipy import CheapfastFromScipy
from .ffht import Ffht
from .fht_cpu import FhtCpu
from .graphblas import GraphBlas
from .mkl import Mkl
from .scipy_chain import ScipyChain
from .scipy_fft import ScipyFft
from .scipy_hadamard import ScipyHadamard
from .scipy_layers import ScipyLayers
from .scipy_maxnnz import ScipyMaxnnz
from .scipy_product import ScipyProduct

ALL: tuple[Peer, ...] = (
    CheapfastNetwork(),
    CheapfastFromScipy(),
    CheapfastCost(),
    *forced_methods(),
    ScipyProduct(),
    ScipyMaxnnz(),
    GraphBlas(),
    Mkl(),
)

#: Those that transform arrays instead of counting.
TRANSFORMERS: tuple[Transformer, ...] = (CheapfastHadamard(), Ffht(), FhtCpu(), ScipyHadamard())

#: Those that apply chains of sparse matrices.
APPLIERS: tuple[Applier, ...] = (CheapfastChain(), ScipyChain())

#: Those that apply networks of structured layers.
NETWORK_APPLIERS: tuple[NetworkApplier, ...] = (CheapfastLayers(), ScipyLayers(), ScipyFft())
