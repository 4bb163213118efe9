"""Which digits of the row index separate from which digits of the column index.

A digit of radix p and stride s of an index i is ``i // s % p``. A row digit and a column digit
separate if every 2x2 minor, of two rows that differ in the one digit and two columns that differ in
the other, vanishes. A matrix splits into blocks of rank one over sets of digits that separate
pairwise; so a table of all pairs, filled by sampling a few minors each, shows in which order a
butterfly has its digits, without searching through n! orders.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cheapfast.flattening.unflatten.butterfly import Order, pattern_synapses
from cheapfast.flattening.unflatten.numbers import factor_orders, prime_factors
from cheapfast.flattening.unflatten.problem import Array, Problem

Digit = tuple[int, int]  # radix, stride

_MINORS = 24  # of random signs each vanishes with probability 1/2: 24 of them in 6e-8
_DRAWS = 16  # places to choose each minor's corner from: the largest entry of so many
_MOST_ORDERS = 1500  # pairs of mixed-radix orders that are tried, less than a second's worth
# Minors of an exact butterfly are rounding errors of its entries.
_LEAST_TOLERANCE = {4: 1e-4, 8: 1e-9}


@dataclass(frozen=True)
class Separation:
    """The table of digits that separate.

    Attributes
    ----------
    rows, columns : tuple of (int, int)
        All digits (radix, stride) of the two indices, with prime radices.
    separate : ndarray of bool
        Shape (len(rows), len(columns)).
    """

    rows: tuple[Digit, ...]
    columns: tuple[Digit, ...]
    separate: Array


def sample_separation(problem: Problem) -> Separation:
    """Fill the table of digits that separate by sampling minors.

    Parameters
    ----------
    problem : Problem
        The matrix and what to sample with.

    Returns
    -------
    Separation
        Digits that separate are recognised; those that do not may be mistaken for it with small
        probability, or where the matrix is mostly zero.
    """
    matrix, rng = problem.matrix, problem.rng
    n, m = matrix.shape
    row_digits, column_digits = all_digits(n), all_digits(m)
    i, j = _large_entries(matrix, rng)
    other_i = _changed(i, row_digits, rng)
    other_j = _changed(j, column_digits, rng)
    a = matrix[i, j]
    b, c = matrix[other_i, j][:, None], matrix[i, other_j][None]
    d = matrix[other_i[:, None], other_j[None]]
    size = np.sqrt(sum(np.abs(x) ** 2 for x in (a, b, c, d)))
    # noise of a relative size eps, alike in all entries, makes minors of about eps * rms * entry
    scale = size * np.maximum(size, problem.rms)
    least = _LEAST_TOLERANCE[matrix.real.dtype.itemsize]
    tolerance = max(least, 30 * problem.tolerance)
    separate = (np.abs(a * d - b * c) <= tolerance * scale).all(axis=-1)
    return Separation(tuple(row_digits), tuple(column_digits), separate)


def all_digits(n: int) -> list[Digit]:
    """Return every digit (prime radix, stride) that a mixed-radix index below n can have.

    Parameters
    ----------
    n : int
        At least 1.

    Returns
    -------
    list of (int, int)
    """
    return [
        (p, s)
        for p in sorted(set(prime_factors(n)))
        for s in range(1, n // p + 1)
        if (n // p) % s == 0
    ]


def _large_entries(matrix: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw places of entries that are not small: the minors of zeros say nothing."""
    n, m = matrix.shape
    i = rng.integers(0, n, (_DRAWS, _MINORS))
    j = rng.integers(0, m, (_DRAWS, _MINORS))
    largest = np.abs(matrix[i, j]).argmax(axis=0)
    each = np.arange(_MINORS)
    return i[largest, each], j[largest, each]


def _changed(index: Array, digits: list[Digit], rng: np.random.Generator) -> Array:
    """Return the index with each of the digits changed, in turn; shape (digits, len(index))."""
    changed = np.empty((len(digits), len(index)), np.int64)
    for number, (p, s) in enumerate(digits):
        old = index // s % p
        new = (old + rng.integers(1, p, len(index))) % p
        changed[number] = index + (new - old) * s
    return changed


def find_order(separation: Separation, shape: tuple[int, int]) -> Order | None:
    """Find the cheapest order of digits that the table allows.

    Parameters
    ----------
    separation : Separation
        The table.
    shape : tuple of int
        Of the matrix.

    Returns
    -------
    Order or None
        None if the table allows no split.
    """
    if not separation.separate.any():
        return None
    row_number = {digit: i for i, digit in enumerate(separation.rows)}
    column_number = {digit: j for j, digit in enumerate(separation.columns)}
    best: tuple[int, list[_Group]] | None = None
    for likely, rows, columns in _mixed_radices(shape):
        if not likely and best is not None:
            break  # the two that transforms have are tried first
        table = separation.separate[
            np.ix_([row_number[d] for d in rows], [column_number[d] for d in columns])
        ]
        if not table.any():
            continue
        groups = _merged(_peel(table, rows, columns))
        cost = pattern_synapses([g.row_radix for g in groups], [g.column_radix for g in groups])
        if len(groups) > 1 and (best is None or cost < best[0]):
            best = cost, groups
    return None if best is None else _as_order(best[1])


def _mixed_radices(
    shape: tuple[int, int],
) -> Iterator[tuple[bool, list[Digit], list[Digit]]]:
    """Yield mixed-radix systems of both axes, each with the highest digit first.

    The likely ones come first: the same radices for rows and columns, in the same order or in the
    opposite one.
    """
    n, m = shape
    row_orders = list(itertools.islice(factor_orders(prime_factors(n)), _MOST_ORDERS))
    column_orders = list(itertools.islice(factor_orders(prime_factors(m)), _MOST_ORDERS))
    if n == m:
        for order in row_orders:
            for other in dict.fromkeys((order, order[::-1])):
                yield True, _with_strides(order), _with_strides(other)
    pairs = itertools.product(row_orders, column_orders)
    for order, other in itertools.islice(pairs, _MOST_ORDERS):
        yield False, _with_strides(order), _with_strides(other)


def _with_strides(order: tuple[int, ...]) -> list[Digit]:
    """Give the radices, highest digit first, their strides."""
    strides = itertools.accumulate(order[:0:-1], lambda x, y: x * y, initial=1)
    return list(zip(order, list(strides)[::-1], strict=True)) if order else []


@dataclass(frozen=True)
class _Group:
    """Digits that one factor of the product mixes."""

    rows: tuple[Digit, ...]
    columns: tuple[Digit, ...]

    @property
    def row_radix(self) -> int:
        return math.prod(p for p, _ in self.rows)

    @property
    def column_radix(self) -> int:
        return math.prod(p for p, _ in self.columns)


def _peel(table: Array, rows: list[Digit], columns: list[Digit]) -> list[_Group]:
    """Peel off groups of digits, each separating from all columns that are left after it.

    A row digit can be peeled together with the column digits that it does not separate from, and
    with every other row digit that needs no more than these. The smallest set of columns goes
    first; what is left over at the end forms one more group.
    """
    needs = [sum(1 << int(j) for j in np.flatnonzero(~row)) for row in table]
    weight = [math.log(p) for p, _ in columns]
    rows_left = list(range(len(rows)))
    columns_left = (1 << len(columns)) - 1
    groups = []

    def size(mask: int) -> float:
        return sum(w for j, w in enumerate(weight) if mask >> j & 1)

    def take(peeled: list[int], mask: int) -> None:
        columns_taken = tuple(c for j, c in enumerate(columns) if mask >> j & 1)
        groups.append(_Group(tuple(rows[i] for i in peeled), columns_taken))

    while rows_left:
        first = min(rows_left, key=lambda i: size(needs[i] & columns_left))
        mask = needs[first] & columns_left
        peeled = [i for i in rows_left if not needs[i] & columns_left & ~mask]
        take(peeled, mask)
        rows_left = [i for i in rows_left if i not in peeled]
        columns_left &= ~mask
    if columns_left:
        take([], columns_left)
    return groups


def _merged(groups: list[_Group]) -> list[_Group]:
    """Merge neighbours where that saves synapses; among equals more layers, which are smaller."""
    count = len(groups)
    before = list(itertools.accumulate((g.column_radix for g in groups), _times, initial=1))
    after = list(itertools.accumulate((g.row_radix for g in groups[::-1]), _times, initial=1))
    after.reverse()
    best: list[tuple[int, int]] = [(0, 0)]  # least cost of the first groups, start of the last run
    for stop in range(1, count + 1):
        options = []
        for start in range(stop - 1, -1, -1):
            p, k = after[start] // after[stop], before[stop] // before[start]
            options.append((best[start][0] + before[start] * p * k * after[stop], -start))
        cost, start = min(options)
        best.append((cost, -start))
    runs: list[_Group] = []
    stop = count
    while stop:
        start = best[stop][1]
        run = groups[start:stop]
        runs.append(
            _Group(
                tuple(itertools.chain.from_iterable(g.rows for g in run)),
                tuple(itertools.chain.from_iterable(g.columns for g in run)),
            )
        )
        stop = start
    return runs[::-1]


def _times(x: int, y: int) -> int:
    return x * y


def _as_order(groups: list[_Group]) -> Order:
    return Order(
        tuple(g.row_radix for g in groups),
        tuple(g.column_radix for g in groups),
        positions([d for g in groups for d in sorted(g.rows, key=_stride, reverse=True)]),
        positions([d for g in groups for d in sorted(g.columns, key=_stride, reverse=True)]),
    )


def _stride(digit: Digit) -> int:
    return digit[1]


def positions(digits: list[Digit]) -> Array:
    """Return the index that each value of a mixed-radix number with reordered digits stands for.

    Parameters
    ----------
    digits : list of (int, int)
        Radix and stride of each digit of the new number, the highest first.

    Returns
    -------
    ndarray of int64
        Shape (product of the radices,).

    Examples
    --------
    >>> positions([(2, 1), (3, 2)])
    array([0, 2, 4, 1, 3, 5])
    """
    index = np.zeros(1, np.int64)
    for p, s in digits:
        index = (index[:, None] + np.arange(p) * s).reshape(-1)
    return index
