"""The Galerkin product R A P of algebraic multigrid, on a 3-d Poisson problem (needs pyamg)."""

from __future__ import annotations

from typing import Any

from ..counting import Product
from ..generate import pattern
from ..model import UnavailableError, Workload


def levels(side: int, **options: int) -> Any:
    """Build a smoothed aggregation hierarchy for Poisson's equation on a cube.

    Parameters
    ----------
    side : int
        Points along an edge.
    **options
        Of ``pyamg.smoothed_aggregation_solver``.

    Returns
    -------
    list of pyamg levels
        The finest one first.
    """
    try:
        import pyamg
    except ImportError:
        message = "pyamg is not installed (pip install 'cheapfast[real]')"
        raise UnavailableError(message) from None
    operator = pyamg.gallery.poisson((side, side, side), format="csr")
    return pyamg.smoothed_aggregation_solver(operator, **options).levels


def build(side: int) -> Product:
    """Build the finest level of a smoothed aggregation hierarchy.

    Returns
    -------
    Product
    """
    finest = levels(side, max_levels=2)[0]
    return Product(tuple(pattern(matrix) for matrix in (finest.R, finest.A, finest.P)))


WORKLOADS = (
    Workload(
        "poisson-70",
        "R A P of smoothed aggregation, Poisson on 70^3 points",
        build,
        {"full": {"side": 70}, "quick": {"side": 25}, "tiny": {"side": 6}},
    ),
)
