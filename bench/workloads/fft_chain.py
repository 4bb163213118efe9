"""The factors of an FFT as plain CSR: sparse layers whose product is fully dense.

Nothing tells a peer that these are butterflies. The answer is known: n^2.
"""

from __future__ import annotations

from ..counting import Product
from ..generate import butterflies
from ..model import Workload


def build(levels: int) -> Product:
    """Make the butterfly factors of size ``2**levels``.

    Returns
    -------
    Product
    """
    return Product(butterflies(levels), flat=1 << (2 * levels), deep=levels * (2 << levels))


def _workload(levels: int, quick: int, tiny: int) -> Workload:
    sizes = {"full": {"levels": levels}, "quick": {"levels": quick}, "tiny": {"levels": tiny}}
    return Workload(f"fft-{levels}", f"FFT factors as plain CSR, n = 2^{levels}", build, sizes)


WORKLOADS = (
    _workload(13, quick=9, tiny=4),
    _workload(16, quick=11, tiny=5),
    _workload(20, quick=12, tiny=6),
    Workload(
        "fft-20-memory",
        "peak memory of counting fft-20",
        build,
        {"full": {"levels": 20}, "quick": {"levels": 12}, "tiny": {"levels": 5}},
        measure="memory",
    ),
)
