"""How long ``import cheapfast`` takes on top of numpy and scipy.sparse."""

from __future__ import annotations

from ..counting import Product
from ..model import Workload

WORKLOADS = (
    Workload(
        "import",
        "import cheapfast, after numpy and scipy.sparse",
        Product,
        {"full": {}, "quick": {}, "tiny": {}},
        measure="import",
    ),
)
