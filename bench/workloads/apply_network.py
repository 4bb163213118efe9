"""Structured networks applied to one vector and to 64: butterflies, transforms, large blocks."""

from __future__ import annotations

from functools import partial

import numpy as np

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


def build_hadamard(n: int, columns: int, dtype: str) -> NetworkProblem:
    """Construct a Walsh-Hadamard transform.

    Returns
    -------
    NetworkProblem
    """

    def network() -> cf.Network:
        return cf.algorithms.hadamard(n).astype(dtype)

    return NetworkProblem(network, columns, dtype, transform="hadamard")


def build_monarch(n: int, columns: int, dtype: str) -> NetworkProblem:
    """Draw two layers of dense blocks: those of the one lie side by side, of the other interleave.

    Returns
    -------
    NetworkProblem
    """
    rng = np.random.default_rng(1)

    def network() -> cf.Network:
        patterns = ((n // BLOCK, BLOCK, BLOCK, 1), (1, BLOCK, BLOCK, n // BLOCK))
        values = (rng.standard_normal(pattern) / np.sqrt(BLOCK) for pattern in patterns)
        return cf.Network(
            [
                cf.KroneckerSparse(pattern, array.astype(dtype))
                for pattern, array in zip(patterns, values, strict=True)
            ]
        )

    return NetworkProblem(network, columns, dtype)


def _short(dtype: str) -> str:
    bits = "".join(filter(str.isdigit, dtype))
    return f"{dtype[0]}{bits}"


def _sizes(n: int, columns: int, dtype: str, tiny: int = 64) -> dict[str, dict[str, int | str]]:
    same: dict[str, int | str] = {"columns": columns, "dtype": dtype}
    return {
        "full": {"n": n, **same},
        "quick": {"n": min(n, 1 << 12), **same},
        "tiny": {"n": tiny, **same},
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


def _hadamard(bits: int, columns: int, dtype: str = "float64") -> Workload:
    return Workload(
        f"apply-hadamard-{_short(dtype)}-{bits}-{columns}",
        f"apply the network hadamard(2^{bits}) to {columns} {dtype} vector(s)",
        build_hadamard,
        _sizes(1 << bits, columns, dtype),
        measure="apply",
    )


def _monarch(n: int, columns: int) -> Workload:
    return Workload(
        f"apply-monarch-f32-{n}-{columns}",
        f"apply a Monarch matrix of {BLOCK} x {BLOCK} blocks, n = {n}, to {columns} vectors",
        build_monarch,
        _sizes(n, columns, "float32", tiny=BLOCK),
        measure="apply",
    )


BLOCK = 32
FOURIER_LENGTHS = (1 << 10, 1 << 14, 1 << 18, 75_600)

WORKLOADS = (
    *(_butterfly(bits, 1) for bits in (6, 10, 12, 16, 20)),
    *(_butterfly(bits, 64) for bits in (10, 12, 16)),
    _butterfly(10, 63),
    *(_butterfly(12, 64, dtype) for dtype in ("float64", "complex64")),
    *(_butterfly(bits, 64, "complex128") for bits in (10, 12, 14, 18)),
    *(
        _fourier(n, columns, dtype)
        for dtype in ("complex128", "complex64")
        for columns in (64, 1)
        for n in FOURIER_LENGTHS
    ),
    _fourier(1 << 22, 1),
    _hadamard(14, 64),
    *(_monarch(n, 64) for n in (1024, 4096)),
)
