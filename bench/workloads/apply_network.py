"""Butterflies with free values, and Fourier transforms, applied to one vector and to 64."""

from __future__ import annotations

from functools import partial

import cheapfast as cf

from ..model import Workload
from ..networks import NetworkProblem


def build_butterfly(n: int, columns: int, dtype: str) -> NetworkProblem:
    """Draw a butterfly.

    Returns
    -------
    NetworkProblem
    """
    return NetworkProblem(partial(cf.algorithms.butterfly, n, 1, dtype), columns, dtype)


def build_fourier(n: int, columns: int, dtype: str) -> NetworkProblem:
    """Construct a Fourier transform.

    Returns
    -------
    NetworkProblem
    """
    return NetworkProblem(
        partial(cf.algorithms.fourier, n, dtype=dtype), columns, dtype, transform="fourier"
    )


def _short(dtype: str) -> str:
    bits = "".join(filter(str.isdigit, dtype))
    return f"{dtype[0]}{bits}"


def _sizes(n: int, columns: int, dtype: str) -> dict[str, dict[str, int | str]]:
    same: dict[str, int | str] = {"columns": columns, "dtype": dtype}
    return {
        "full": {"n": n, **same},
        "quick": {"n": min(n, 1 << 12), **same},
        "tiny": {"n": 64, **same},
    }


def _butterfly(bits: int, columns: int, dtype: str = "float32") -> Workload:
    return Workload(
        f"apply-butterfly-{_short(dtype)}-{bits}-{columns}",
        f"apply a butterfly with free values, n = 2^{bits}, to {columns} {dtype} vector(s)",
        build_butterfly,
        _sizes(1 << bits, columns, dtype),
        measure="apply",
    )


def _fourier(n: int, columns: int, dtype: str = "complex128") -> Workload:
    return Workload(
        f"apply-fourier-{_short(dtype)}-{n}-{columns}",
        f"apply the Fourier transform, n = {n}, to {columns} {dtype} vector(s)",
        build_fourier,
        _sizes(n, columns, dtype),
        measure="apply",
    )


FOURIER_LENGTHS = (1 << 10, 1 << 14, 1 << 18, 75_600)

WORKLOADS = (
    *(_butterfly(bits, 1) for bits in (10, 12, 16, 20)),
    *(_butterfly(bits, 64) for bits in (10, 12, 16)),
    *(_butterfly(12, 64, dtype) for dtype in ("float64", "complex64", "complex128")),
    *(_fourier(n, columns) for columns in (64, 1) for n in FOURIER_LENGTHS),
    *(_fourier(n, 1, "complex64") for n in FOURIER_LENGTHS),
)
