"""Products of neighbouring layers, as far as a few of their rows tell: an estimate.

Rows of a product need not wait for the product: a row of the last layer, pushed back through the
layers before it, is the same row of every product that ends there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cheapfast._memory import available_bytes
from cheapfast.flattening.sampling_together import Sampled, sample_together
from cheapfast.plan.prediction.traffic import BLOCK_ROWS, BLOCKS, block_starts, sampled_traffic
from cheapfast.plan.product import multiply

if TYPE_CHECKING:
    from cheapfast.support import CsrSupport

Array = npt.NDArray[Any]

#: Entries of the sampled rows together; where they grow beyond, fewer rows go on.
_MOST_ENTRIES = 1 << 15
#: Entries that the rows of products may have that are sampled together: some 10 MB.
_MOST_TOGETHER = 1 << 18


def sample_products(
    supports: Sequence[CsrSupport], report: Callable[[int, int], None] | None = None
) -> list[list[Sampled]]:
    """Estimate the products of all runs of neighbours.

    Parameters
    ----------
    supports : sequence of CsrSupport
        In data-flow order.
    report : callable, optional
        Called as ``report(done, total)``.

    Returns
    -------
    list of list of Sampled
        Entry [j][k] is the product of the layers j - k to j: those before it are taken in one by
        one. For k = 0 the layer itself.

    Notes
    -----
    Eight blocks of eight neighbouring rows of the last layer, at fixed places, are pushed through
    the layers before it; what they hold is scaled to all rows. Where rows differ much in length, as
    in power-law graphs, this can be off by a factor.
    """
    into = [np.bincount(support.indices, minlength=support.shape[1]) for support in supports[1:]]
    into.append(np.zeros(supports[-1].shape[0], np.int64))
    entries = BLOCKS * BLOCK_ROWS * max(support.shape[1] for support in supports)
    if entries <= _MOST_ENTRIES:  # no row is ever left out
        return _sample_some(supports, into, max(_MOST_TOGETHER // max(entries, 1), 1), report)
    patterns = [_ones(support) for support in supports]
    available = available_bytes()
    products = []
    for j in range(len(supports)):
        products.append(_backwards(patterns[: j + 1], into[j], available))
        if report is not None:
            report(j + 1, len(supports))
    return products


def _sample_some(
    supports: Sequence[CsrSupport],
    into: Sequence[Array],
    at_once: int,
    report: Callable[[int, int], None] | None,
) -> list[list[Sampled]]:
    """Sample the products that end at some layers together, then those that end at the next."""
    products: list[list[Sampled]] = []
    for first in range(0, len(supports), at_once):
        stop = min(first + at_once, len(supports))
        products += sample_together(supports[:stop], into[:stop], first)
        if report is not None:
            report(stop, len(supports))
    return products


def _ones(support: CsrSupport) -> Any:
    values = np.ones(len(support.indices), np.float32)
    return csr_array((values, support.indices, support.indptr), shape=support.shape)


def _backwards(patterns: Sequence[Any], into: Array, available: int) -> list[Sampled]:
    """Push rows of the last layer back; `into` is how often the next one takes each."""
    last = patterns[-1]
    rows = last.shape[0]
    starts = block_starts(rows)
    blocks = [np.arange(start, min(start + BLOCK_ROWS, rows)) for start in starts]
    sampled = last[_rows(blocks)]
    results = []
    for k, layer in enumerate(patterns[::-1]):
        if k:
            sampled, blocks = _thinned(sampled, blocks)
            sampled = multiply(sampled, layer, 1, available)
            sampled.data[:] = 1  # sums would grow from layer to layer, and overflow
        results.append(_describe(sampled, blocks, (rows, layer.shape[1]), into))
    # of the layer itself all rows are there
    exact = float(np.diff(last.indptr) @ into)
    return [Sampled(results[0].traffic, exact), *results[1:]]


def _rows(blocks: Sequence[Array]) -> Array:
    """Return the rows of all blocks; of a matrix with few rows, some are in two of them."""
    return np.concatenate([np.zeros(0, np.int64), *blocks])


def _thinned(sampled: Any, blocks: list[Array]) -> tuple[Any, list[Array]]:
    """Leave out blocks, and in the end rows, until few entries are left."""
    while sampled.nnz > _MOST_ENTRIES and sampled.shape[0] > 1:
        sizes = [len(block) for block in blocks]
        if len(blocks) > 1:
            kept = np.flatnonzero(np.repeat(np.arange(len(blocks)), sizes) % 2 == 0)
            blocks = blocks[::2]
        else:
            kept = np.arange((sizes[0] + 1) // 2)
            blocks = [blocks[0][kept]]
        sampled = sampled[kept]
    return sampled, blocks


def _describe(
    sampled: Any, blocks: Sequence[Array], shape: tuple[int, int], into: Array
) -> Sampled:
    taken, lengths = _rows(blocks), np.diff(sampled.indptr)
    scale = shape[0] / max(len(taken), 1)
    traffic = sampled_traffic(
        sampled.indices,
        lengths,
        [len(block) for block in blocks],
        shape,
        float(sampled.nnz) * scale,
    )
    return Sampled(traffic, float(lengths @ into[taken]) * scale)
