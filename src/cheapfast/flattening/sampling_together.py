"""Samples of the products of small layers, all in one go: one by one they would be all overhead.

The layers are one graph: every output of a layer is a node, and so are the inputs of the first one.
Rows of its matrix D lead from a layer's outputs to its inputs, which are the outputs of the layer
before. Rows of D^k are then the rows of all products of k neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cheapfast._memory import available_bytes
from cheapfast.plan.prediction.traffic import (
    BLOCK_ROWS,
    Blocks,
    Traffic,
    block_starts,
    sampled_traffics,
)
from cheapfast.plan.product import multiply

if TYPE_CHECKING:
    from cheapfast.support import CsrSupport

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sampled:
    """A product of neighbouring layers, estimated.

    Parameters
    ----------
    traffic : Traffic
        Its number of nonzeros included.
    next_pairs : float
        Pairs of nonzeros that meet when the following layer is multiplied with it; 0 for the last.
        Exact for a layer itself.
    """

    traffic: Traffic
    next_pairs: float


def sample_together(
    supports: Sequence[CsrSupport],
    into: Sequence[Array],
    first: int = 0,
) -> list[list[Sampled]]:
    """Estimate the products of runs of small neighbours that end at some layers.

    Parameters
    ----------
    supports : sequence of CsrSupport
        In data-flow order.
    into : sequence of ndarray of int
        For each layer, how often the next one takes each of its outputs.
    first : int, optional
        The first of these layers; the last one is the last of all.

    Returns
    -------
    list of list of Sampled
        As of `cheapfast.flattening.sampling.sample_products`, for the layers from `first` on; all
        rows that are drawn go on.
    """
    depth = len(supports)
    graph = _graph(supports)
    rows = _Rows(supports, into, first)
    sampled = graph[rows.nodes]
    available = available_bytes()
    products: list[list[Sampled]] = [[] for _ in range(first, depth)]
    for k in range(depth):
        if k:
            # the products that end at layer k - 1 have no layer left to take in
            left = sampled[rows.drop_first() :] if k > first else sampled
            sampled = multiply(left, graph, 1, available)
            sampled.data[:] = 1  # sums would grow from layer to layer, and overflow
        ends = range(max(first, k), depth)
        shapes = [(supports[j].shape[0], supports[j - k].shape[1]) for j in ends]
        origins = rows.origins[ends[0] - k : depth - k]  # of the nodes that the columns are
        found = rows.describe(sampled, shapes, origins)
        for j, (traffic, pairs) in zip(ends, found, strict=True):
            exact = pairs if k else float(np.diff(supports[j].indptr) @ into[j])
            products[j - first].append(Sampled(traffic, exact))
    return products


def _graph(supports: Sequence[CsrSupport]) -> Any:
    """Return the matrix of the graph of all layers; inputs of the first one are its first nodes."""
    inputs = supports[0].shape[1]
    origins = np.cumsum([0, inputs, *(one.shape[0] for one in supports)])
    lengths = [np.zeros(inputs, np.int64), *(np.diff(one.indptr) for one in supports)]
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    indices = np.concatenate(
        [one.indices + origin for one, origin in zip(supports, origins[:-2], strict=True)]
    )
    values = np.ones(len(indices), np.float32)
    return csr_array((values, indices, indptr), shape=(origins[-1], origins[-1]))


class _Rows:
    """The rows that are drawn, of the layers whose products still grow.

    Parameters
    ----------
    supports : sequence of CsrSupport
    into : sequence of ndarray of int
    first : int
        The layer from which on rows are drawn.

    Attributes
    ----------
    nodes : ndarray of int
        Of the graph, for the rows that were drawn of these layers.
    origins : ndarray of int
        Where the nodes begin that a layer reads, for each layer.
    """

    def __init__(self, supports: Sequence[CsrSupport], into: Sequence[Array], first: int) -> None:
        heights = [support.shape[0] for support in supports]
        self.origins = np.cumsum([0, supports[0].shape[1], *heights])
        heights, into = heights[first:], into[first:]
        starts = [block_starts(height) for height in heights]
        sizes = [
            np.minimum(start + BLOCK_ROWS, height) - start
            for start, height in zip(starts, heights, strict=True)
        ]
        taken = [
            np.concatenate([np.zeros(0, np.int64), *map(np.arange, start, start + size)])
            for start, size in zip(starts, sizes, strict=True)
        ]
        self.nodes = np.concatenate(
            [
                rows + origin
                for rows, origin in zip(taken, self.origins[first + 1 : -1], strict=True)
            ]
        )
        self._into = np.concatenate([all_[rows] for all_, rows in zip(into, taken, strict=True)])
        self._counts = np.array([len(rows) for rows in taken])
        layers = np.repeat(np.arange(len(sizes)), [len(size) for size in sizes])
        self._blocks = Blocks(np.concatenate(sizes), layers)

    def drop_first(self) -> int:
        """Leave out the first layer that is left; return how many rows that are."""
        sizes, layers = self._blocks
        dropped = int(self._counts[0])
        blocks = int(np.searchsorted(layers, 1))
        self._blocks = Blocks(sizes[blocks:], layers[blocks:] - 1)
        self._counts, self._into = self._counts[1:], self._into[dropped:]
        return dropped

    def describe(
        self, sampled: Any, shapes: Sequence[tuple[int, int]], origins: Array
    ) -> list[tuple[Traffic, float]]:
        """Return the traffic of the products, and the pairs that meet in the next one."""
        count = len(shapes)
        lengths = np.diff(sampled.indptr)
        of_row = np.repeat(np.arange(count), self._counts)
        columns = sampled.indices - np.repeat(origins[of_row], lengths)
        scale = np.array([height for height, _ in shapes]) / np.maximum(self._counts, 1)
        nonzeros = (np.bincount(of_row, lengths, count) * scale).tolist()
        pairs = (np.bincount(of_row, lengths * self._into, count) * scale).tolist()
        traffic = sampled_traffics(columns, lengths, self._blocks, shapes, nonzeros)
        return list(zip(traffic, pairs, strict=True))
