"""Butterflies whose blocks have a small rank: cosine, sine and Hartley transforms.

The digits are split off from the left, one group at a time. What is left after l steps has the
rows (g, r, i) and the columns j: g the column digits that were split off, r the rank of the last
step, i the row digits that are left. With i = (i1, i2) and j = (j1, j2), the block of g, i2 and j1
has rows (r, i1) and columns j2; it is written as an orthonormal basis of q columns times the rest.
The bases are one Kronecker-sparse factor, the rest, with r' = q, goes on. As the bases are
orthonormal, the squared errors of all steps add up.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from cheapfast.flattening.unflatten.butterfly import as_network
from cheapfast.flattening.unflatten.numbers import prime_factors
from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal, TooDear

_HIGHEST_RANK = 4
_LEAST_SIZE = 16  # below, blocks in the middle are too small to show a rank
_SAMPLED_BLOCKS = 6
_COPIES = 6  # of the matrix: reordered, its blocks, their singular vectors, and what is left


def rank_butterfly(problem: Problem) -> Outcome:
    """Propose a butterfly of rank 2 to 4 of a square matrix in one of the usual orders.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Outcome
        The digits of rows or columns are reversed; rows, columns, both or neither are in the order
        of Makhoul's fast cosine transform, evens first and then the odds backwards.
    """
    n, m = problem.shape
    if n != m or n < _LEAST_SIZE or len(prime_factors(n)) < 2:
        return "only square matrices of composite size"
    radices = tuple(prime_factors(n))
    least, _ = _cheapest_groups(radices, 2)
    if least >= problem.budget:
        return TooDear("blocks of rank 2", least)
    ranked = [
        (_rank_in_the_middle(problem, rows, columns, radices), k, rows, columns)
        for k, (rows, columns) in enumerate(_orders(radices))
    ]
    rank, _, rows, columns = min(ranked, key=lambda item: item[:2])
    rank = max(rank, 1)
    if rank > _HIGHEST_RANK:
        return f"blocks in the middle have rank above {_HIGHEST_RANK}"
    description = f"blocks of rank {rank}"
    cost, groups = _cheapest_groups(radices, rank)
    if cost >= problem.budget:
        return TooDear(description, cost)
    problem.require(_COPIES * problem.matrix.nbytes, "splitting blocks of rank 2 or more of")
    factors = _split_off(problem.matrix[np.ix_(rows, columns)], groups, rank)
    return Proposal.of(as_network(factors, rows, columns), description)


def _orders(radices: tuple[int, ...]) -> Iterator[tuple[Array, Array]]:
    n = math.prod(radices)
    natural = np.arange(n)
    reversal = natural.reshape(radices[::-1]).transpose().reshape(-1)
    makhoul = np.concatenate([natural[::2], natural[1::2][::-1]])
    for row, column in itertools.product((natural, makhoul), repeat=2):
        yield row, column[reversal]
        yield row[reversal], column


def _rank_in_the_middle(
    problem: Problem, rows: Array, columns: Array, radices: tuple[int, ...]
) -> int:
    """Return the largest numerical rank of some blocks of the middle cut, or one too high."""
    n = problem.shape[0]
    middle = len(radices) // 2
    p = math.prod(radices[:middle])
    m = n // p
    highest = 0
    for _ in range(_SAMPLED_BLOCKS):
        i2, j1 = int(problem.rng.integers(m)), int(problem.rng.integers(p))
        block = problem.matrix[np.ix_(rows[i2::m], columns[j1 * m : (j1 + 1) * m])]
        values = np.linalg.svd(block, compute_uv=False)
        allowed = max(problem.tolerance * problem.rms * math.sqrt(block.size), 0.0)
        least = 30 * np.finfo(values.dtype).eps * float(values[0])
        highest = max(highest, int(np.count_nonzero(values > max(allowed, least))))
        if highest > _HIGHEST_RANK:
            break
    return highest


def _cheapest_groups(radices: tuple[int, ...], rank: int) -> tuple[int, tuple[int, ...]]:
    """Return the synapses, and the radices merged into groups, of the cheapest factors."""
    n = math.prod(radices)

    @functools.cache
    def best(start: int, r: int) -> tuple[int, tuple[int, ...]]:
        a = math.prod(radices[:start])
        left = n // a
        options: list[tuple[int, tuple[int, ...]]] = [(a * r * left * left, (left,))]
        p = 1
        for stop in range(start + 1, len(radices)):
            p *= radices[stop - 1]
            d = left // p
            q = min(rank, r * p, d)
            rest, groups = best(stop, q)
            # orthonormal bases that are not narrower than the block are the identity
            cost = a * d * p * (r * p * q if q < r * p else r * p)
            options.append((cost + rest, (p, *groups)))
        return min(options)

    return best(0, 1)


def _split_off(matrix: Array, groups: Sequence[int], rank: int) -> list[Array]:
    """Split groups of digits off, from the left; return the values of the factors."""
    n = matrix.shape[0]
    rest = matrix.reshape(1, 1, n, n)  # g, r, i, j
    factors = []
    for p in groups[:-1]:
        g, r, rows, columns = rest.shape
        d, w = rows // p, columns // p
        blocks = rest.reshape(g, r, p, d, p, w).transpose(0, 3, 4, 1, 2, 5)
        basis, rest = _bases(blocks.reshape(g * d * p, r * p, w), min(rank, r * p, w))
        q = basis.shape[2]
        values = basis.reshape(g, d, p, r * p, q).transpose(0, 3, 2, 4, 1)
        factors.append(np.ascontiguousarray(values).reshape(g, r * p, p * q, d))
        rest = rest.reshape(g, d, p, q, w).transpose(0, 2, 3, 1, 4).reshape(g * p, q, d, w)
    g, r, rows, columns = rest.shape
    factors.append(np.ascontiguousarray(rest).reshape(g, r * rows, columns, 1))
    return factors


def _bases(blocks: Array, q: int) -> tuple[Array, Array]:
    """Return the best orthonormal bases of q columns of a batch of blocks, and the coordinates."""
    height = blocks.shape[1]
    if q == height:
        identity = np.eye(height, dtype=blocks.dtype)
        return np.broadcast_to(identity, (len(blocks), height, height)), blocks
    u, s, vh = np.linalg.svd(blocks, full_matrices=False)
    return u[:, :, :q], s[:, :q, None] * vh[:, :q]
