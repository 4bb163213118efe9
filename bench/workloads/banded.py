"""The square of a band: the pattern of a stencil, where a plain product is already fast."""

from __future__ import annotations

from ..counting import Product
from ..generate import banded
from ..model import Workload


def build(n: int, width: int) -> Product:
    """Make the band.

    Returns
    -------
    Product
    """
    band = banded(n, width)
    return Product((band, band))


WORKLOADS = (
    Workload(
        "banded-1e6",
        "band of 9 diagonals, n = 1e6, squared",
        build,
        {
            "full": {"n": 1_000_000, "width": 9},
            "quick": {"n": 50_000, "width": 9},
            "tiny": {"n": 50, "width": 5},
        },
    ),
)
