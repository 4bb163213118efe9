"""Offsets of convolutions: which output indices one input index reaches, in any dimension."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

Offset = tuple[int, ...]


@dataclass(frozen=True)
class Box:
    """All offsets with low <= offset < high along every axis.

    Attributes
    ----------
    low, high : tuple of int
        Bounds, one an axis; never empty.
    """

    low: Offset
    high: Offset

    @property
    def size(self) -> int:
        """Number of offsets."""
        return math.prod([high - low for low, high in zip(self.low, self.high, strict=True)])

    def expand(self) -> frozenset[Offset]:
        """Write the offsets out.

        Returns
        -------
        frozenset of tuple of int
        """
        return frozenset(itertools.product(*map(range, self.low, self.high)))


def bounding_box(offsets: Iterable[Offset]) -> Box:
    """Return the smallest box around some offsets.

    Parameters
    ----------
    offsets : iterable of tuple of int
        At least one.

    Returns
    -------
    Box
    """
    along = list(zip(*offsets, strict=True))
    return Box(tuple([min(parts) for parts in along]), tuple([max(parts) + 1 for parts in along]))


def wrapped(offsets: Iterable[Offset], shape: tuple[int, ...]) -> frozenset[Offset]:
    """Offsets modulo the shape."""
    return frozenset(
        tuple([part % n for part, n in zip(offset, shape, strict=True)]) for offset in offsets
    )


def wrapped_box(box: Box, shape: tuple[int, ...]) -> Box:
    """Return the box modulo the shape: low in 0 ... n - 1, at most n of them along an axis."""
    low, high = [], []
    for start, end, n in zip(box.low, box.high, shape, strict=True):
        first = 0 if end - start >= n else start % n
        low.append(first)
        high.append(first + min(end - start, n))
    return Box(tuple(low), tuple(high))


def reaching(
    offsets: Box | Iterable[Offset], in_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> Box | frozenset[Offset] | None:
    """Return the offsets that join at least one output with an input; None if there is none."""
    least = tuple([1 - n for n in in_shape])
    if isinstance(offsets, Box):
        low = tuple(map(max, offsets.low, least))
        high = tuple(map(min, offsets.high, out_shape))
        return Box(low, high) if all(map(int.__lt__, low, high)) else None
    kept = frozenset(
        offset
        for offset in offsets
        if all(a <= o < m for a, o, m in zip(least, offset, out_shape, strict=True))
    )
    return kept or None


def band_entries(n: int, m: int, low: int, high: int) -> int:
    """Entries of an m x n band with low <= i - j < high."""
    return _entries_up_to(n, m, high - 1) - _entries_up_to(n, m, low - 1)


def _entries_up_to(n: int, m: int, offset: int) -> int:
    """Entries of an m x n matrix with i - j <= offset: row i has min(max(n - i + offset, 0), n)."""
    return _clipped_sum(n, n + offset) - _clipped_sum(n, n + offset - m)


def _clipped_sum(n: int, last: int) -> int:
    """Sum of min(max(v, 0), n) over all integers v <= last."""
    if last <= 0:
        return 0
    if last <= n:
        return last * (last + 1) // 2
    return n * (n + 1) // 2 + (last - n) * n


def covers(
    offsets: frozenset[Offset], in_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> bool:
    """Whether every input index reaches an output by one of the offsets.

    Offset o takes the inputs -o <= j < m - o along each axis. Between two neighbouring bounds all
    inputs behave alike, so one flag for each cell of that coarse grid decides, whatever the sizes.
    """
    bounds = []
    for axis, (n, m) in enumerate(zip(in_shape, out_shape, strict=True)):
        ends = {bound for o in offsets for bound in (-o[axis], m - o[axis]) if 0 < bound < n}
        bounds.append([0, *sorted(ends), n])
    covered = np.zeros([len(ends) - 1 for ends in bounds], dtype=bool)
    for offset in offsets:
        cells = [
            slice(bisect_left(ends, -o), bisect_left(ends, m - o))
            for ends, o, m in zip(bounds, offset, out_shape, strict=True)
        ]
        covered[tuple(cells)] = True
    return bool(covered.all())
