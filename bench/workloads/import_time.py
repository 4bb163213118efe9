"""How long ``import cheapfast`` takes on top of numpy and scipy.sparse."""

from __future__ import annotations

from ..model import Problem, Workload

WORKLOADS = (
    Workload(
        "import",
        "import cheapfast, after numpy and scipy.sparse",
        Problem,
        {"full": {}, "quick": {}, "tiny": {}},
        measure="import",
    ),
)
