"""Butterflies whose rows and columns are in any order.

Take two rows of one group i2 of a split: in each column group j1 they are parallel, so that the
ratios of their entries take as few values as there are groups. A pair with few distinct ratios
thus reveals the column groups; rows that are parallel within each of them are the row groups, found
by hashing all rows to numbers that do not depend on their scale. Every split is verified on all
blocks before it is used. The right factors, one for each column group, are split again. There is no
search through permutations: a step costs O(n^2), and there are fewer numbers in each next one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cheapfast.flattening.unflatten.clustering import (
    clusters,
    equal_groups,
    projective_points,
    scale_free_keys,
)
from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal, TooDear
from cheapfast.layers import Sparse
from cheapfast.network import Network

_SEEDS = 4  # rows that are compared with all others
_SAMPLED = 32  # columns at which rows are compared first
_MOST_TRIALS = 40  # partners of a seed that are looked at closely; of the first seed all are
_SCREENED = 16  # columns at which all rows are compared before they are at all columns of a class
# Copies of the matrix in double precision, of itself, its transpose, its blocks and their
# residuals, and of the sampled columns.
_COPIES = 8
_SCREENS = 24
_LEAST_SIDE = 8  # a smaller matrix is not worth an attempt
# The noise may be anything below the tolerance: gaps are looked for at these shares of it.
_NOISE_LEVELS = (1.0, 1 / 32)
_PRECISION = 4  # noise is at least so many roundings


def permuted_butterfly(problem: Problem) -> Outcome:
    """Propose a product of sparse factors for a butterfly with permuted rows and columns.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Outcome
    """
    if min(problem.shape) < _LEAST_SIDE:
        return "too small to show a permuted structure"
    precision = float(np.finfo(problem.matrix.dtype).eps)
    screened = _SCREENS * _SAMPLED * sum(problem.shape)
    copies = (_COPIES * problem.matrix.size + screened) * problem.double.itemsize
    problem.require(copies, "looking for permuted rows and columns of")
    matrix = problem.matrix.astype(problem.double)
    for level in _NOISE_LEVELS:
        noise = max(level * problem.tolerance, _PRECISION * precision) * problem.rms
        factors = _Search(noise, problem.rng).factorize(matrix)
        if len(factors) > 1:
            break
    else:
        return "no two rows or columns have few distinct ratios"
    synapses = sum(factor.nnz for factor in factors)
    description = f"{len(factors)} sparse factors of permuted rows and columns"
    if synapses >= problem.budget:
        return TooDear(description, synapses)
    layers = [Sparse(factor.astype(problem.matrix.dtype)) for factor in reversed(factors)]
    return Proposal.of(Network(layers), description)


@dataclass(frozen=True)
class _Split:
    """Groups of rows and columns whose blocks have rank one, one group a row of each array."""

    rows: Array
    columns: Array

    def saves(self, shape: tuple[int, int]) -> bool:
        """Say whether the two factors have fewer entries than a dense matrix of the shape."""
        b, c = shape
        return b * len(self.columns) + c * len(self.rows) < b * c


class _Search:
    """Recursion over splits, with a level of noise that is the same for all entries."""

    def __init__(self, noise: float, rng: np.random.Generator) -> None:
        self._noise = noise
        self._rng = rng

    def factorize(self, matrix: Array) -> list[sparse.csr_array]:
        """Return sparse factors of a matrix, in matrix order; one factor if there is no split."""
        b, c = matrix.shape
        if min(b, c) <= 2 or not _could_save(b, c):
            return [sparse.csr_array(matrix)]
        split = self._find(matrix)
        if split is not None:
            return self._factors(matrix, split)
        transposed = np.ascontiguousarray(matrix.T)
        split = self._find(transposed)
        if split is not None:
            return [f.T.tocsr() for f in reversed(self._factors(transposed, split))]
        return [sparse.csr_array(matrix)]

    def _factors(self, matrix: Array, split: _Split) -> list[sparse.csr_array]:
        u, v = _rank_one(matrix, split)
        (m, p), k = split.rows.shape, len(split.columns)
        rows = np.broadcast_to(split.rows[:, None, :], (m, k, p))
        inner = np.arange(k)[None, :, None] * m + np.arange(m)[:, None, None]
        left = sparse.csr_array(
            (u.ravel(), (rows.ravel(), np.broadcast_to(inner, (m, k, p)).ravel())),
            shape=(matrix.shape[0], k * m),
        )
        parts = [self.factorize(np.ascontiguousarray(v[:, j])) for j in range(k)]
        depth = max(map(len, parts))
        parts = [_deepened(part, depth) for part in parts]
        layers = [sparse.block_diag(level, format="csr") for level in zip(*parts, strict=True)]
        last = layers[-1]
        columns = split.columns.reshape(-1)
        layers[-1] = sparse.csr_array(
            (last.data, columns[last.indices], last.indptr), shape=last.shape
        )
        return [left, *layers]

    def _find(self, matrix: Array) -> _Split | None:
        b = matrix.shape[0]
        norms = np.linalg.norm(matrix, axis=1)
        larger = np.argsort(-norms, kind="stable")[: max(1, b // 2)]
        for number, seed in enumerate(self._rng.permutation(larger)[:_SEEDS]):
            # in a matrix of signs all partners look alike, and perhaps one is right
            most = None if number == 0 else _MOST_TRIALS
            for partner in self._partners(matrix, int(seed))[:most]:
                split = self._split_from(matrix, int(seed), int(partner))
                if split is not None:
                    return split
        return None

    def _partners(self, matrix: Array, seed: int) -> Array:
        """Return the rows whose ratios to the seed take few values, the fewest first."""
        c = matrix.shape[1]
        row = matrix[seed]
        # ratios to small entries are mostly noise
        larger = np.argsort(-np.abs(row), kind="stable")[: max(2, (c + 1) // 2)]
        sampled = self._rng.permutation(larger)[:_SAMPLED]
        least = float(np.abs(row[sampled]).min())
        if least == 0:
            return np.empty(0, np.int64)
        points = projective_points(row[sampled], matrix[:, sampled])
        direction = self._rng.standard_normal(points.shape[-1])
        along = np.sort(points @ (direction / np.linalg.norm(direction)), axis=1)
        tolerance = 8 * self._noise / least + 1e-12
        distinct = 1 + np.count_nonzero(np.diff(along, axis=1) > tolerance, axis=1)
        most = min(max(2, c // 4), max(2, len(sampled) // 2))
        useful = (distinct >= 2) & (distinct <= most)
        useful[seed] = False
        order = np.argsort(distinct, kind="stable")
        return np.asarray(order[useful[order]])

    def _split_from(self, matrix: Array, seed: int, partner: int) -> _Split | None:
        """Return the split in which two rows belong to one group, if there is one."""
        classes = self._column_classes(matrix, seed, partner)
        if classes is None:
            return None
        rows = self._row_groups(matrix, classes)
        if rows is None:
            return None
        trial = _Split(rows, np.empty((len(classes), 0), np.int64))
        if not trial.saves(matrix.shape):
            return None
        columns = self._assigned_columns(matrix, rows, classes)
        return None if columns is None else _Split(rows, columns)

    def _column_classes(self, matrix: Array, seed: int, partner: int) -> list[Array] | None:
        """Group those columns in which the two rows are not small by the ratio of their entries."""
        c = matrix.shape[1]
        pair = matrix[[seed, partner]]
        size = np.linalg.norm(pair, axis=0)
        clear = np.flatnonzero(size >= np.median(size))
        if size[clear].min() == 0:
            return None
        tolerance = 8 * self._noise / float(size[clear].min()) + 1e-12
        labels = clusters(projective_points(pair[0, clear], pair[1, clear]), tolerance)
        sizes = np.bincount(labels)
        if not 2 <= len(sizes) <= max(2, c // 4) or c % len(sizes) or sizes.min() < 2:
            return None
        return [clear[labels == label] for label in range(len(sizes))]

    def _row_groups(self, matrix: Array, classes: list[Array]) -> Array | None:
        """Group the rows that are parallel within each class of columns."""
        if not self._may_be_parallel(matrix, classes[0]):
            return None
        keys = np.empty((matrix.shape[0], 0))
        tolerance = 0.0
        for columns in classes:
            more, least = scale_free_keys(matrix[:, columns], self._rng)
            keys = np.concatenate([keys, more], axis=1)
            tolerance = max(tolerance, 20 * self._noise * math.sqrt(len(columns)) / least)
            # groups only get smaller with every class
            if np.bincount(clusters(keys, tolerance + 1e-11)).min() < 2:
                return None
        return equal_groups(clusters(keys, tolerance + 1e-11))

    def _may_be_parallel(self, matrix: Array, columns: Array) -> bool:
        """Say whether each row is parallel to another one in some of the columns.

        Most trials end here: in a matrix of signs any two rows have two ratios.
        """
        few = matrix[:, columns[:_SCREENED]]
        if len(columns) <= _SCREENED or not few.any(axis=1).all():
            return True
        keys, least = scale_free_keys(few, self._rng)
        tolerance = 20 * self._noise * math.sqrt(_SCREENED) / least + 1e-11
        return bool(np.bincount(clusters(keys, tolerance)).min() > 1)

    def _assigned_columns(self, matrix: Array, rows: Array, classes: list[Array]) -> Array | None:
        """Give every column to the class that it fits best with all row groups at once.

        Verifies the split: None if the blocks are further from rank one than the noise.
        """
        b, c = matrix.shape
        blocks = matrix[rows]  # m, p, c
        total = np.linalg.norm(blocks, axis=1) ** 2
        cost = np.empty((len(classes), c))
        for number, columns in enumerate(classes):
            u = _unit_columns(blocks[:, :, columns])
            along = np.einsum("mp,mpc->mc", u.conj(), blocks)
            residual = blocks - u[:, :, None] * along[:, None, :]
            cost[number] = np.einsum("mpc,mpc->c", residual, residual.conj()).real
        labels = _balanced(cost)
        left = float(cost[labels, np.arange(c)].sum())
        rounding = 1e-24 * float(total.sum())
        if left > (4 * self._noise) ** 2 * b * c + rounding:
            return None
        return np.argsort(labels, kind="stable").reshape(len(classes), -1)


def _could_save(b: int, c: int) -> bool:
    """Say whether any split of a matrix has fewer entries than the matrix."""
    return any(b * k + c * (b // p) < b * c for p in _divisors(b) for k in _divisors(c))


def _divisors(n: int) -> Iterator[int]:
    return (d for d in range(2, n) if n % d == 0)


def _rank_one(matrix: Array, split: _Split) -> tuple[Array, Array]:
    """Fit the blocks of a split: unit columns u[i2, j1, i1] and rows v[i2, j1, j2]."""
    blocks = matrix[split.rows[:, None, :, None], split.columns[None, :, None, :]]
    size = np.linalg.norm(blocks, axis=3)
    largest = size.argmax(axis=2)
    v = np.take_along_axis(blocks, largest[..., None, None], axis=2)[:, :, 0]
    for _ in range(2):
        u = np.matmul(blocks, v.conj()[..., None])[..., 0]
        norm = np.linalg.norm(u, axis=-1, keepdims=True)
        u = u / np.where(norm > 0, norm, 1)
        v = np.matmul(u.conj()[..., None, :], blocks)[..., 0, :]
    return u, v


def _unit_columns(blocks: Array) -> Array:
    """Return the unit column along which a block of nearly parallel columns lies."""
    size = np.linalg.norm(blocks, axis=2)
    v = np.take_along_axis(blocks, size.argmax(axis=1)[:, None, None], axis=1)[:, 0]
    u = np.einsum("mpw,mw->mp", blocks, v.conj())
    norm = np.linalg.norm(u, axis=1, keepdims=True)
    return np.asarray(u / np.where(norm > 0, norm, 1))


def _balanced(cost: Array) -> Array:
    """Assign columns to classes of equal size at the least cost."""
    classes, columns = cost.shape
    labels = cost.argmin(axis=0)
    share = columns // classes
    if (np.bincount(labels, minlength=classes) == share).all():
        return np.asarray(labels)
    from scipy.optimize import linear_sum_assignment

    _, seat = linear_sum_assignment(np.repeat(cost, share, axis=0).T)
    return np.asarray(seat // share)


def _deepened(factors: list[sparse.csr_array], depth: int) -> list[sparse.csr_array]:
    """Append identities until there are enough factors."""
    width = factors[-1].shape[1]
    identity = sparse.csr_array(sparse.eye(width, dtype=factors[-1].dtype, format="csr"))
    return factors + [identity] * (depth - len(factors))
