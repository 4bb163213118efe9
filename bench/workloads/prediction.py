"""Predicted times of the networks that plans choose between, small ones and large ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import scipy.sparse as sps

import cheapfast as cf

from ..generate import uniform
from ..model import Workload
from ..prediction import PredictionProblem

Build = Callable[[int, str], cf.Network]

REAL, COMPLEX = ("float32", "float64"), ("complex64", "complex128")
COLUMNS, WIDE = (1, 3, 8, 16, 64, 100), (256, 512)


def butterfly(n: int, dtype: str) -> cf.Network:
    """Draw a butterfly.

    Returns
    -------
    cheapfast.Network
    """
    return cf.algorithms.butterfly(n, 1, dtype)


def hadamard(n: int, dtype: str) -> cf.Network:
    """Build a Walsh-Hadamard transform.

    Returns
    -------
    cheapfast.Network
    """
    return cf.algorithms.hadamard(n).astype(dtype)


def fourier(n: int, dtype: str) -> cf.Network:
    """Build a Fourier transform.

    Returns
    -------
    cheapfast.Network
    """
    return cf.algorithms.fourier(n, dtype=dtype)


def monarch(n: int, dtype: str) -> cf.Network:
    """Draw two factors of n / 32 and 32 blocks.

    Returns
    -------
    cheapfast.Network
    """
    rng, b = np.random.default_rng(0), min(32, n // 8)
    patterns = ((n // b, b, b, 1), (1, n // b, n // b, b))
    values = ((pattern, rng.standard_normal(pattern).astype(dtype)) for pattern in patterns)
    return cf.Network([cf.KroneckerSparse(*each) for each in values])


def one_factor(n: int, dtype: str) -> cf.Network:
    """Draw a block-diagonal factor of 8 x 8 blocks.

    Returns
    -------
    cheapfast.Network
    """
    pattern = (n // 8, 8, 8, 1)
    values = np.random.default_rng(0).standard_normal(pattern).astype(dtype)
    return cf.Network([cf.KroneckerSparse(pattern, values)])


def even_rows(n: int, dtype: str) -> cf.Network:
    """Draw three layers of 4 nonzeros a row.

    Returns
    -------
    cheapfast.Network
    """
    rng = np.random.default_rng(0)
    return cf.chain(*(uniform(n, 4, rng).astype(dtype) for _ in range(3)))


def uneven_rows(n: int, dtype: str, per_row: int = 4, depth: int = 1) -> cf.Network:
    """Draw layers whose rows have so many nonzeros on average.

    Returns
    -------
    cheapfast.Network
    """
    rng = np.random.default_rng(0)
    layers = (
        sps.random(n, n, density=per_row / n, format="csr", random_state=rng, dtype=np.float64)
        for _ in range(depth)
    )
    return cf.chain(*(sps.csr_array(layer).astype(dtype) for layer in layers))


def activated(n: int, dtype: str) -> cf.Network:
    """Put activations between layers and a permutation.

    Returns
    -------
    cheapfast.Network
    """
    first, second = uneven_rows(n, dtype, 8, 2)
    order = cf.Permutation(np.random.default_rng(1).permutation(n))
    return cf.Network([first, cf.Activation("relu"), order, second, cf.Activation("tanh")])


def grid(
    builds: dict[str, Build],
    is_complex: bool,
    sizes: Sequence[int],
    dtypes: Sequence[str],
    columns: Sequence[int],
) -> PredictionProblem:
    """Put a grid together.

    Parameters
    ----------
    builds : dict
        What builds a network of a size and type, by name.
    is_complex : bool
        Whether vectors are complex even where the network is real.
    sizes, dtypes, columns : sequence

    Returns
    -------
    PredictionProblem
    """
    networks = [
        (f"{name}-{n} {dtype}", partial(build, n, dtype))
        for name, build in builds.items()
        for n in sizes
        for dtype in dtypes
    ]
    return PredictionProblem(tuple(networks), tuple(columns), is_complex=is_complex)


def _workload(
    name: str,
    title: str,
    builds: dict[str, Build],
    sizes: Sequence[int],
    dtypes: Sequence[str],
    columns: Sequence[int] = COLUMNS,
    *,
    is_complex: bool = False,
) -> Workload:
    return Workload(
        f"prediction-{name}",
        f"predicted and measured: {title}",
        partial(grid, builds, is_complex),
        {
            "full": {"sizes": sizes, "dtypes": dtypes, "columns": columns},
            "quick": {"sizes": sizes[:2], "dtypes": dtypes[:1], "columns": columns[:3]},
            "tiny": {"sizes": (64,), "dtypes": dtypes[:1], "columns": columns[:2]},
        },
        measure="prediction",
    )


_ALL = (*REAL, *COMPLEX)

WORKLOADS = (
    _workload(
        "butterfly", "free 2 x 2 blocks", {"butterfly": butterfly}, (64, 1024, 1 << 14), _ALL
    ),
    _workload(
        "hadamard", "sums and differences", {"hadamard": hadamard}, (64, 1024, 1 << 14), _ALL
    ),
    _workload(
        "fourier", "Fourier transforms", {"fourier": fourier}, (64, 1000, 1024, 1 << 14), COMPLEX
    ),
    _workload(
        "factors",
        "Kronecker factors, alone and in pairs",
        {"monarch": monarch, "factor": one_factor},
        (64, 1024),
        _ALL,
    ),
    _workload(
        "sparse",
        "sparse layers, alone and in chains",
        {"even": even_rows, "uneven": uneven_rows, "chain": partial(uneven_rows, depth=3)},
        (100, 1000, 10_000, 100_000),
        REAL,
    ),
    _workload(
        "activated",
        "sparse layers, activations and a permutation",
        {"net": activated},
        (100, 1000, 10_000),
        REAL,
    ),
    _workload(
        "wide",
        "wide rows",
        {
            "butterfly": butterfly,
            "even": even_rows,
            "many": partial(uneven_rows, per_row=50),
        },
        (64, 1024, 4096),
        REAL,
        WIDE,
    ),
    _workload(
        "parts",
        "complex vectors through real networks",
        {"butterfly": butterfly, "hadamard": hadamard, "even": even_rows},
        (64, 1024, 1 << 14),
        REAL,
        is_complex=True,
    ),
)
