"""Networks of size 2^60, which exist only as formulas: the count must be one too."""

from __future__ import annotations

from typing import Any

import cheapfast as cf

from ..counting import Product
from ..model import Workload


def hadamard(levels: int) -> Product:
    """Describe the Walsh-Hadamard transform of size n = 2^levels: C_s = n / (2 levels).

    Returns
    -------
    Product
    """
    n = 1 << levels

    def network() -> Any:
        return cf.algorithms.hadamard(n)

    return Product(symbolic=network, flat=n * n, deep=2 * n * levels)


def fourier(levels: int, reorder: bool) -> Product:
    """Describe the Fourier transform: C_s = n / (2 levels), or one more when it is reordered.

    Returns
    -------
    Product
    """
    n = 1 << levels

    def network() -> Any:
        return cf.algorithms.fourier(n, reorder=reorder)

    return Product(symbolic=network, flat=n * n, deep=2 * n * levels + reorder * n)


def _sizes(**options: Any) -> dict[str, dict[str, Any]]:
    levels = {"full": 60, "quick": 60, "tiny": 7}
    return {size: {"levels": count, **options} for size, count in levels.items()}


WORKLOADS = (
    Workload("hadamard-60", "Walsh-Hadamard, n = 2^60: C_s = 2^60/120", hadamard, _sizes()),
    Workload(
        "fourier-60",
        "Fourier with its reordering, n = 2^60: C_s = 2^60/121",
        fourier,
        _sizes(reorder=True),
    ),
    Workload(
        "fourier-60-unordered",
        "Fourier without reordering, n = 2^60: C_s = 2^60/120",
        fourier,
        _sizes(reorder=False),
    ),
)
