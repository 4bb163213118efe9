"""The plainest families: the matrix as it is, and its connected components."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal
from cheapfast.layers import Sparse
from cheapfast.network import Network

_SAMPLES = 2048
# Bytes an entry: absolute values and masks; and of those that are sorted, with squares and sums.
_SIZES = 16
_SORTED = 32
# Bytes an entry that is kept: coordinates, twice, and the graph.
_GRAPH = 48
_WORTH_SPLITTING = 4  # rows and columns: below, a block has too few entries to save any

#: Finds the cheapest network of a block, or None where that is the block itself.
Solver = Callable[[Problem], Network | None]


def as_it_is(problem: Problem) -> Outcome:
    """Propose the matrix as one layer, without the entries that the tolerance allows to drop.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Proposal
        Its error is known: dropping the smallest entries is the best that one layer can do.
    """
    if not problem.zeros and not _has_negligible(problem):
        return Proposal("dense", problem.matrix.size, lambda: _layer(problem.matrix), 0.0)
    kept, error = _kept(problem)
    count = int(np.count_nonzero(kept))
    what = "sparse" if count < problem.matrix.size else "dense"
    return Proposal(what, count, lambda: _layer(np.where(kept, problem.matrix, 0)), error)


def _layer(matrix: Array) -> Network:
    return Network([Sparse(matrix)])


def _has_negligible(problem: Problem) -> bool:
    """Say whether a sample of the entries holds one that the tolerance allows to drop."""
    n, m = problem.shape
    i = problem.rng.integers(0, n, _SAMPLES)
    j = problem.rng.integers(0, m, _SAMPLES)
    least = float(np.abs(problem.matrix[i, j]).min())
    return least <= problem.tolerance * problem.norm


def _kept(problem: Problem) -> tuple[Array, float]:
    """Return which entries to keep, and the relative error without the others."""
    entries, what = problem.matrix.size, "finding the negligible entries of"
    problem.require(_SIZES * entries, what)
    size = np.abs(problem.matrix).astype(np.float64, copy=False)
    allowed = problem.tolerance * problem.norm
    is_small = (size > 0) & (size <= allowed)  # zeros are dropped anyway
    problem.require(_SIZES * entries + _SORTED * int(np.count_nonzero(is_small)), what)
    small = np.sort(size[is_small])
    squares = np.cumsum(small**2)
    dropped = int(np.searchsorted(squares, allowed**2, side="right"))
    if dropped == 0:
        return size > 0, 0.0
    # equal entries at the threshold are all dropped, or all kept where that is beyond the tolerance
    threshold = small[dropped - 1]
    kept = size > threshold
    dropped = int(np.searchsorted(small, threshold, side="right"))
    if squares[dropped - 1] > allowed**2:
        kept = size >= threshold
        dropped = int(np.searchsorted(small, threshold, side="left"))
    error = math.sqrt(squares[dropped - 1]) if dropped else 0.0
    return kept, error / problem.norm if problem.norm else 0.0


@dataclass(frozen=True)
class _Block:
    """A connected component: its rows and columns, and what it costs as one layer or deeper."""

    rows: Array
    columns: Array
    matrix: Array
    network: Network | None

    def layers(self, depth: int) -> list[sparse.csr_array]:
        """Return the cheapest network of this depth, in data-flow order."""
        flat = sparse.csr_array(self.matrix)
        options = [_padded([flat], depth)]
        if self.network is not None and self.network.depth <= depth:
            options.append(_padded([layer.to_csr() for layer in self.network], depth))
        return min(options, key=_nonzeros)


def _nonzeros(layers: Sequence[sparse.csr_array]) -> int:
    return sum(layer.nnz for layer in layers)


def _padded(layers: list[sparse.csr_array], depth: int) -> list[sparse.csr_array]:
    """Add identities where they have the fewest synapses: on the narrower side."""
    outputs, inputs = layers[-1].shape[0], layers[0].shape[1]
    identity = sparse.csr_array(
        sparse.eye(min(outputs, inputs), dtype=layers[0].dtype, format="csr")
    )
    missing = [identity] * (depth - len(layers))
    return missing + layers if inputs <= outputs else layers + missing


def components(problem: Problem, solve: Solver) -> Outcome:
    """Propose networks for the blocks of a permuted block-diagonal matrix, side by side.

    Parameters
    ----------
    problem : Problem
        The matrix.
    solve : callable
        Finds the network of a block.

    Returns
    -------
    Outcome
    """
    n, m = problem.shape
    if problem.zeros < min(n, m) - 1 and not _has_negligible(problem):
        return "no zeros that could separate blocks"
    kept, _ = _kept(problem)
    problem.require(
        _GRAPH * int(np.count_nonzero(kept)) + kept.nbytes, "the connected components of"
    )
    parts = _parts(kept)
    if len(parts) < 2:
        return "the support is connected"
    blocks = []
    held = kept.nbytes
    for rows, columns in parts:
        held += len(rows) * len(columns) * problem.matrix.itemsize
        problem.require(
            held + 2 * problem.matrix.itemsize * len(rows) * len(columns), "taking apart"
        )
        matrix = np.ascontiguousarray(
            np.where(kept[np.ix_(rows, columns)], problem.matrix[np.ix_(rows, columns)], 0)
        )
        worth = min(matrix.shape) >= _WORTH_SPLITTING
        network = solve(problem.part(matrix, matrix.size, held)) if worth else None
        blocks.append(_Block(rows, columns, matrix, network))
    depths = {1} | {block.network.depth for block in blocks if block.network is not None}
    if depths == {1}:
        return f"{len(parts)} components, none of which can be written with fewer synapses"
    layouts = [[block.layers(depth) for block in blocks] for depth in sorted(depths)]
    best = min(layouts, key=lambda layout: sum(map(_nonzeros, layout)))
    return Proposal.of(
        _side_by_side(best, blocks, problem.shape), f"{len(parts)} connected components"
    )


def _parts(kept: Array) -> list[tuple[Array, Array]]:
    """Return the rows and columns of each connected component that has entries."""
    from scipy.sparse.csgraph import connected_components

    n, m = kept.shape
    support = sparse.csr_array(kept)
    graph = sparse.csr_array(
        (support.data, support.indices + n, np.append(support.indptr, [support.nnz] * m)),
        shape=(n + m, n + m),
    )
    count, label = connected_components(graph, directed=False)
    rows = np.split(np.argsort(label[:n], kind="stable"), _ends(label[:n], count))
    columns = np.split(np.argsort(label[n:], kind="stable"), _ends(label[n:], count))
    pairs = zip(rows, columns, strict=True)
    return [(row, column) for row, column in pairs if len(row) and len(column)]


def _ends(labels: Array, count: int) -> Array:
    return np.cumsum(np.bincount(labels, minlength=count))[:-1]


def _side_by_side(
    layouts: list[list[sparse.csr_array]], blocks: list[_Block], shape: tuple[int, int]
) -> Network:
    layers = [sparse.block_diag(level, format="coo") for level in zip(*layouts, strict=True)]
    columns = np.concatenate([block.columns for block in blocks])
    rows = np.concatenate([block.rows for block in blocks])
    first, last = layers[0], layers[-1]
    layers[0] = sparse.coo_array(
        (first.data, (first.row, columns[first.col])), shape=(first.shape[0], shape[1])
    )
    last = layers[-1]
    layers[-1] = sparse.coo_array(
        (last.data, (rows[last.row], last.col)), shape=(shape[0], last.shape[1])
    )
    return Network([Sparse(layer) for layer in layers])
