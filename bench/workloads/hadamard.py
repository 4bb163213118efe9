"""Walsh-Hadamard transforms in place, on data already touched: single vectors and batches."""

from __future__ import annotations

from ..model import Workload
from ..transforms import Transform


def build(shape: tuple[int, ...], dtype: str) -> Transform:
    """Describe an array.

    Returns
    -------
    Transform
    """
    return Transform(shape=shape, dtype=dtype)


def _workload(
    short: str, dtype: str, shape: tuple[int, ...], target: str | None = None
) -> Workload:
    sizes = {
        "full": shape,
        "quick": tuple(min(n, 1 << 16) for n in shape),
        "tiny": tuple(min(n, 16) for n in shape),
    }
    text = " x ".join(str(n) for n in shape)
    return Workload(
        f"wht-{short}",
        f"Walsh-Hadamard transform, {dtype}, {text}, in place"
        + (f", with CHEAPFAST_TARGET={target}" if target else ""),
        build,
        {size: {"shape": chosen, "dtype": dtype} for size, chosen in sizes.items()},
        measure="apply",
        target=target,
    )


_VECTORS = {
    "float32": (6, 8, 10, 12, 14, 16, 18, 20, 22, 24),
    "float64": (10, 12, 16, 18, 20, 24),
}
_AVX2 = (6, 8, 10, 12, 14, 16, 20, 24)
_BATCHES = ((64, 4096), (1024, 1024))

WORKLOADS = (
    *(
        _workload(f"f{dtype[-2:]}-{log2_n}", dtype, (1 << log2_n,))
        for dtype, logs in _VECTORS.items()
        for log2_n in logs
    ),
    *(_workload(f"f32-{m}x{n}", "float32", (m, n)) for m, n in _BATCHES),
    *(_workload(f"avx2-f32-{log2_n}", "float32", (1 << log2_n,), "avx2") for log2_n in _AVX2),
)
