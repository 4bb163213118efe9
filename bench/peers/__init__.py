"""The contestants. A new one is a file with a subclass of Peer and a line here."""

from __future__ import annotations

from ..model import Peer
from .cheapfast_cost import CheapfastCost
from .cheapfast_methods import forced_methods
from .cheapfast_network import CheapfastNetwork
from .cheapfast_scipy import CheapfastFromScipy
from .graphblas import GraphBlas
from .mkl import Mkl
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
