"""Batches whose features come last: a pruned network with ReLU, large blocks, a butterfly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

import cheapfast as cf

from ..batches import Batch
from ..model import Workload

#: Inputs, and outputs of each layer, of a network for pictures of handwritten digits.
WIDTHS = (784, 512, 256, 10)

Sizes = dict[str, int]


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


def _workload(
    what: str, title: str, build: Callable[..., Batch], vectors: int, full: Sizes, tiny: Sizes
) -> Workload:
    return Workload(
        f"apply-batch-{what}-{vectors}",
        f"apply {title} to a batch of {vectors}",
        build,
        {
            "full": {**full, "vectors": vectors},
            "quick": {**full, "vectors": vectors},
            "tiny": {**tiny, "vectors": min(vectors, 3)},
        },
        measure="apply",
    )


def _pruned(vectors: int) -> Workload:
    title = "a pruned network of three layers with ReLU"
    return _workload("pruned-f32", title, build_pruned, vectors, {"scale": 1}, {"scale": 32})


def _monarch(vectors: int) -> Workload:
    title, full = "a Monarch matrix of 32 x 32 blocks, n = 1024,", {"n": 1024, "block": 32}
    tiny = {"n": 16, "block": 4}
    return _workload("monarch-f32-1024", title, build_monarch, vectors, full, tiny)


def _butterfly(vectors: int) -> Workload:
    title = "a butterfly with free values, n = 2^10,"
    return _workload("butterfly-f32-10", title, build_butterfly, vectors, {"n": 1024}, {"n": 32})


WORKLOADS = (
    *(_pruned(vectors) for vectors in (1, 64)),
    *(_monarch(vectors) for vectors in (1, 64)),
    *(_butterfly(vectors) for vectors in (5, 63)),
)
