"""The Galerkin product R A P of algebraic multigrid, on a 3-d Poisson problem (needs pyamg)."""

from __future__ import annotations

from ..counting import Product
from ..generate import pattern
from ..model import UnavailableError, Workload


def build(side: int) -> Product:
    """Build the finest level of a smoothed aggregation hierarchy.

    Returns
    -------
    Product
    """
    try:
        import pyamg
    except ImportError:
        message = "pyamg is not installed (pip install 'cheapfast[real]')"
        raise UnavailableError(message) from None
    operator = pyamg.gallery.poisson((side, side, side), format="csr")
    hierarchy = pyamg.smoothed_aggregation_solver(operator, max_levels=2)
    finest = hierarchy.levels[0]
    return Product(tuple(pattern(matrix) for matrix in (finest.R, finest.A, finest.P)))


WORKLOADS = (
    Workload(
        "poisson-70",
        "R A P of smoothed aggregation, Poisson on 70^3 points",
        build,
        {"full": {"side": 70}, "quick": {"side": 25}, "tiny": {"side": 6}},
    ),
)
