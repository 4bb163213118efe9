"""Batches whose features come last: a pruned network with ReLU, large blocks, a butterfly."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

import cheapfast as cf

from ..batches import Batch
from ..model import Workload

#: Inputs, and outputs of each layer, of a network for pictures of handwritten digits.
WIDTHS = (784, 512, 256, 10)


def build_pruned(scale: int, vectors: int) -> Batch:
    """Draw layers of which one weight in ten is left, each with a bias, and ReLU between them.

    Returns
    -------
    Batch
    """
    rng = np.random.default_rng(1)
    widths = [max(width // scale, 2) for width in WIDTHS]
    layers: list[cf.Layer] = []
    for inputs, outputs in pairwise(widths):
        weights = rng.standard_normal((outputs, inputs)) / np.sqrt(0.1 * inputs)
        weights[rng.random(weights.shape) > 0.1] = 0
        bias = rng.standard_normal(outputs).astype(np.float32)
        layers += [cf.Sparse(weights.astype(np.float32), bias=bias), cf.Activation("relu")]
    return Batch(lambda: cf.Network(layers[:-1]), vectors)


def build_monarch(n: int, block: int, vectors: int) -> Batch:
    """Draw two layers of dense blocks: those of the one lie side by side, of the other interleave.

    Returns
    -------
    Batch
    """
    rng = np.random.default_rng(1)
    patterns = ((n // block, block, block, 1), (1, block, block, n // block))
    layers = [
        cf.KroneckerSparse(
            pattern, (rng.standard_normal(pattern) / np.sqrt(block)).astype(np.float32)
        )
        for pattern in patterns
    ]
    return Batch(lambda: cf.Network(layers), vectors)


def build_butterfly(n: int, vectors: int) -> Batch:
    """Draw a butterfly.

    Returns
    -------
    Batch
    """
    return Batch(partial(cf.algorithms.butterfly, n, 1, "float32"), vectors)


def _pruned(vectors: int) -> Workload:
    return Workload(
        f"apply-batch-pruned-f32-{vectors}",
        f"apply a pruned network of three layers with ReLU to a batch of {vectors}",
        build_pruned,
        {
            "full": {"scale": 1, "vectors": vectors},
            "quick": {"scale": 1, "vectors": vectors},
            "tiny": {"scale": 32, "vectors": min(vectors, 3)},
        },
        measure="apply",
    )


def _monarch(vectors: int) -> Workload:
    return Workload(
        f"apply-batch-monarch-f32-1024-{vectors}",
        f"apply a Monarch matrix of 32 x 32 blocks, n = 1024, to a batch of {vectors}",
        build_monarch,
        {
            "full": {"n": 1024, "block": 32, "vectors": vectors},
            "quick": {"n": 1024, "block": 32, "vectors": vectors},
            "tiny": {"n": 16, "block": 4, "vectors": min(vectors, 3)},
        },
        measure="apply",
    )


def _butterfly(vectors: int) -> Workload:
    return Workload(
        f"apply-batch-butterfly-f32-10-{vectors}",
        f"apply a butterfly with free values, n = 2^10, to a batch of {vectors}",
        build_butterfly,
        {
            "full": {"n": 1024, "vectors": vectors},
            "quick": {"n": 1024, "vectors": vectors},
            "tiny": {"n": 32, "vectors": min(vectors, 3)},
        },
        measure="apply",
    )


WORKLOADS = (
    *(_pruned(vectors) for vectors in (1, 64)),
    *(_monarch(vectors) for vectors in (1, 64)),
    *(_butterfly(vectors) for vectors in (5, 63)),
)
