"""Merging neighbours, and one layer within an error."""

from __future__ import annotations

import numpy as np

import cheapfast as cf

from ..flattening import Frontiers, Thinning
from ..generate import butterflies
from ..model import Workload


def build_fft(levels: int) -> Frontiers:
    """Merge the factors of an FFT, given as plain CSR.

    Returns
    -------
    Frontiers
    """
    return Frontiers(cf.chain(*butterflies(levels)))


def build_random(n: int, depth: int) -> Frontiers:
    """Merge random layers with about four synapses a row.

    Returns
    -------
    Frontiers
    """
    return Frontiers(cf.algorithms.random_sparse(n, 4 / n, depth, rng=1))


def build_hadamard(n: int) -> Thinning:
    """All entries have the same size: a hundredth of them may go.

    Returns
    -------
    Thinning
    """
    return Thinning(cf.algorithms.hadamard(n), flat=n * n - n * n // 100)


def build_gaussian(n: int) -> Thinning:
    """Describe a dense matrix of normal numbers.

    Returns
    -------
    Thinning
    """
    return Thinning(cf.Network([np.random.default_rng(1).standard_normal((n, n))]))


WORKLOADS = (
    Workload(
        "frontier-fft-16",
        "all subchains and the best merging of a 16-layer FFT given as CSR",
        build_fft,
        {"full": {"levels": 16}, "quick": {"levels": 12}, "tiny": {"levels": 4}},
        measure="flatten",
    ),
    Workload(
        "frontier-random-1000",
        "the best merging of 1000 random layers, n = 1000",
        build_random,
        {
            "full": {"n": 1000, "depth": 1000},
            "quick": {"n": 300, "depth": 60},
            "tiny": {"n": 20, "depth": 6},
        },
        measure="flatten",
    ),
    Workload(
        "tolerance-hadamard-12",
        "one layer within 10% of the Hadamard matrix of size 2^12",
        build_hadamard,
        {"full": {"n": 4096}, "quick": {"n": 1024}, "tiny": {"n": 16}},
        measure="flatten",
    ),
    Workload(
        "tolerance-gaussian-4096",
        "one layer within 10% of a Gaussian matrix, 4096 x 4096",
        build_gaussian,
        {"full": {"n": 4096}, "quick": {"n": 1024}, "tiny": {"n": 16}},
        measure="flatten",
    ),
)
