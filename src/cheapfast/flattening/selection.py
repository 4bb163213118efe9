"""Which of many entries are the smallest that an error budget pays for, in a few passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Squares = npt.NDArray[np.float64]

#: Bits of a square that one pass tells apart: the bit patterns of positive floats sort as they do,
#: and the sign is none of them.
DIGIT = 21
BINS = 2**DIGIT
SHIFTS = (42, 21, 0)

#: Squares that are sorted at once instead of another pass.
_SORTABLE = 2**22


@dataclass(frozen=True)
class Selection:
    """The smallest entries whose squares together stay within a budget.

    Attributes
    ----------
    dropped : int
        How many.
    threshold : float
        The largest square among them; 0 where there are none.
    ties : int
        How many of the entries with exactly that square are dropped.
    squares : float
        The sum of the dropped squares.
    """

    dropped: int
    threshold: float
    ties: int
    squares: float

    def kept(self, squares: Squares, ties_before: int = 0) -> npt.NDArray[np.bool_]:
        """Say which entries of a block stay.

        Parameters
        ----------
        squares : ndarray
            Squares of the entries of the block.
        ties_before : int, optional
            Entries with the square `threshold` in the blocks before.

        Returns
        -------
        ndarray of bool
        """
        if not self.dropped:
            return np.ones(len(squares), dtype=bool)
        stay = squares > self.threshold
        tied = np.flatnonzero(squares == self.threshold)
        stay[tied[max(0, self.ties - ties_before) :]] = True
        return stay


def histogram(squares: Squares, shift: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Count and sum squares by `DIGIT` bits of their bit pattern.

    Parameters
    ----------
    squares : ndarray of float64
        Not negative.
    shift : int
        Bits below those looked at.

    Returns
    -------
    counts, sums : ndarray
        Of length `BINS`.
    """
    digits = ((squares.view(np.uint64) >> np.uint64(shift)) & np.uint64(BINS - 1)).astype(np.intp)
    counts = np.bincount(digits, minlength=BINS)
    return counts, np.bincount(digits, weights=squares, minlength=BINS)


def lower_edges(shift: int) -> Squares:
    """Return the least square of each bin of the leading digits.

    Parameters
    ----------
    shift : int
        As for `histogram`.

    Returns
    -------
    ndarray of float64
        Of length `BINS`; the bins of infinities and NaN come last.
    """
    return (np.arange(BINS, dtype=np.uint64) << np.uint64(shift)).view(np.float64)


def select(blocks: Callable[[], Iterable[Squares]], budget: float) -> Selection:
    """Find the most entries whose squares sum to at most `budget`: the smallest ones.

    Parameters
    ----------
    blocks : callable
        Returns the squares of all entries, block after block, anew each time.
    budget : float
        What the sum may be.

    Returns
    -------
    Selection

    Notes
    -----
    A radix selection from the leading bits on. Each pass finds the bin in which the budget runs
    out; the next one looks at that bin alone, until what is left of it can be sorted or consists of
    equal numbers. Sums are rounded as sums of floats are.
    """
    dropped, used, prefix = 0, 0.0, 0
    for shift in SHIFTS:
        counts, sums = _totals(_within(blocks(), prefix, shift + DIGIT), shift)
        running = used + np.cumsum(sums)
        over = np.flatnonzero((running > budget) & (counts > 0))
        at = int(over[0]) if len(over) else BINS
        if at:
            dropped += int(counts[:at].sum())
            used = float(running[at - 1])
        if at == BINS:
            return _closed(blocks, dropped, used, np.inf)
        prefix = (prefix << DIGIT) | at
        if counts[at] <= _SORTABLE:
            inside = np.sort(np.concatenate(list(_within(blocks(), prefix, shift))))
            running = used + np.cumsum(inside)
            more = int(np.searchsorted(running, budget, side="right"))
            if not more:
                break
            threshold = float(inside[more - 1])
            ties = more - int(np.searchsorted(inside, threshold, side="left"))
            return Selection(dropped + more, threshold, ties, float(running[more - 1]))
    least = float(np.array([prefix << shift], dtype=np.uint64).view(np.float64)[0])
    if shift == 0 and counts[at] > _SORTABLE:
        # a bin of the last digit holds one number, however often
        more = min(int(counts[at]), int((budget - used) / least))
        if more:
            return Selection(dropped + more, least, more, used + more * least)
    return _closed(blocks, dropped, used, least)


def _closed(
    blocks: Callable[[], Iterable[Squares]], dropped: int, used: float, bound: float
) -> Selection:
    """Return the selection of all squares below a bound, with the largest of them."""
    if not dropped:
        return Selection(0, 0.0, 0, 0.0)
    threshold, ties = -1.0, 0
    for squares in blocks():
        below = squares[squares < bound]
        top = float(below.max(initial=-1.0))
        if top > threshold:
            threshold, ties = top, 0
        if top == threshold:
            ties += int(np.count_nonzero(below == top))
    return Selection(dropped, threshold, ties, used)


def _totals(blocks: Iterable[Squares], shift: int) -> tuple[npt.NDArray[np.int64], Squares]:
    """Add the histograms of all blocks."""
    counts, sums = np.zeros(BINS, dtype=np.int64), np.zeros(BINS)
    for squares in blocks:
        block_counts, block_sums = histogram(squares, shift)
        counts += block_counts
        sums += block_sums
    return counts, sums


def _within(blocks: Iterable[Squares], prefix: int, shift: int) -> Iterable[Squares]:
    """Yield of each block the squares whose bits from `shift` on are `prefix`."""
    for squares in blocks:
        if shift >= DIGIT * len(SHIFTS):
            yield squares
        else:
            yield squares[squares.view(np.uint64) >> np.uint64(shift) == np.uint64(prefix)]
