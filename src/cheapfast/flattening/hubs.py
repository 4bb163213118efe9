"""Products in which every nonempty row has all nonempty columns, proven by nodes in the middle.

If each nonempty row of a product is reached from some node in the middle, each nonempty column
leads to one, and no row and column lack a common one, then all entries are there. 64 nodes in the
middle are a word of bits; two sweeps show which of them each row and each column knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.flattening.reach import Counts, over_rows
from cheapfast.support import CsrSupport

_HUBS = 64
#: Words that differ, of rows and of columns, up to which all pairs are compared.
_MOST_WORDS = 1 << 11


@dataclass(frozen=True)
class _Words:
    """Which hubs nodes know: how many nodes know any, and the words that occur."""

    nodes: int
    different: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, words: npt.NDArray[np.uint64]) -> _Words:
        known = words[words != 0]
        return cls(len(known), np.unique(known))

    def meet(self, other: _Words) -> bool:
        """Say whether any two nodes have a hub in common."""
        if max(len(self.different), len(other.different)) > _MOST_WORDS:
            return False
        return bool(np.all(self.different[:, np.newaxis] & other.different))


def full_runs(
    layers: Sequence[CsrSupport],
    columns_first: Sequence[CsrSupport],
    middle: int,
    rows: Counts,
    columns: Counts,
) -> Iterator[tuple[int, int]]:
    """Find runs around a layer whose products are proven to be full.

    Parameters
    ----------
    layers : sequence of CsrSupport
        In data-flow order.
    columns_first : sequence of CsrSupport
        Transposed, in reversed order.
    middle : int
        At least 1: the hubs are among the inputs of this layer.
    rows, columns : ndarray of int64
        Nonempty rows and columns of every run of layers, see `reach.nonzero_rows`.

    Yields
    ------
    (int, int)
        The first and the last layer of a run in which every nonempty row has all nonempty columns,
        and so has every run that holds it. Not all of them are found.

    Notes
    -----
    O(synapses), and the comparison of words: two sorts a layer.
    """
    depth = len(layers)
    into = np.diff(layers[middle - 1].indptr).astype(np.int64)
    out = np.diff(columns_first[depth - 1 - middle].indptr).astype(np.int64)
    hubs = np.argsort(into * out, kind="stable")[-_HUBS:]
    before = _sweep(columns_first[depth - middle :], hubs)[::-1]
    after = _sweep(layers[middle:], hubs)
    first, last = 0, middle
    while first < middle and last < depth:
        of_rows, of_columns = after[last - middle], before[first]
        if (
            of_rows.nodes == rows[first, last]
            and of_columns.nodes == columns[first, last]
            and of_rows.meet(of_columns)
        ):
            yield first, last
            first += 1  # a shorter run may be full, too
        else:
            last += 1


def _sweep(layers: Sequence[CsrSupport], hubs: npt.NDArray[Any]) -> list[_Words]:
    """Return what the rows of each product of first layers know of the hubs, their columns."""
    words = np.zeros(layers[0].shape[1], dtype=np.uint64)
    words[hubs] = np.uint64(1) << np.arange(len(hubs), dtype=np.uint64)
    found = []
    for layer in layers:
        words = over_rows(np.bitwise_or, layer, words)
        found.append(_Words.of(words))
    return found
