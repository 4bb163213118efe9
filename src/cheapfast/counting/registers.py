"""How large is each row of a product, roughly: HyperLogLog registers pushed through the chain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.counting.csr import csr_arrays
from cheapfast.counting.sketches import aligned, bytes_of, push_sketches, sketch_memory
from cheapfast.counting.steps import Report, Steps
from cheapfast.support import Support

#: Registers of a sketch, one byte each.
REGISTERS = 64

#: Standard deviation of the estimate of one row, relative (Flajolet et al. 2007: 1.04 / sqrt(m)).
SKETCH_ERROR = 1.04 / math.sqrt(REGISTERS)

#: Rows whose registers are turned into sizes at a time.
_CHUNK = 1 << 18


def error_of_rows(size: float) -> float:
    """Return the relative standard deviation of what is drawn in proportion to sketched sizes.

    Parameters
    ----------
    size : float
        Columns of a typical row among those drawn.

    Returns
    -------
    float
        A fit to simulated rows of 8 to 4,000 columns, off by 2 percent of itself: small sets are
        known better than `SKETCH_ERROR`.
    """
    return SKETCH_ERROR * (1 - 0.33 * math.exp(-size / 250))


class RowRegisters:
    """The registers of the rows of a product, for any rows of its first layer.

    Parameters
    ----------
    supports : sequence of Support
        Two or more, in matrix order.
    seed : int
        Of the hash of the columns, 64 bits.
    threads : int
        Number of threads; the result does not depend on it.
    memory_limit : int
        Bytes. Where 64 bytes a node do not fit, the layers are passed through four times with 16
        bytes a node; the result is the same, bit for bit.

    Raises
    ------
    MemoryError
        Before more than `memory_limit` bytes would be allocated.
    """

    def __init__(
        self, supports: Sequence[Support], seed: int, threads: int, memory_limit: int
    ) -> None:
        self._supports = supports
        self._seed, self._threads = seed, threads
        self._kind = _core.REGISTERS
        if sketch_memory(supports, self._kind) > memory_limit:
            self._kind = _core.SLICED_REGISTERS
            _memory.require(
                sketch_memory(supports, self._kind),
                "a sketch of every row (16 bytes a node of the two widest neighbouring layers)",
                "estimate a narrower network",
                limit=memory_limit,
            )
        self._whole: npt.NDArray[np.uint8] | None = None

    def prepare(self) -> None:
        """Make the registers now and keep them, if they are made all at once."""
        if self._kind == _core.REGISTERS:
            rows = sum(s.shape[0] for s in self._supports[1:])
            self._whole = self._pushed(0, Steps(None, rows))

    def sums(self, head: Support, report: Report) -> npt.NDArray[np.uint64]:
        """Return what the registers say of the size of each row; see `sizes_of`.

        Parameters
        ----------
        head : Support
            The first of the supports, or some of its rows.
        report : callable or None
            Called as ``report(done, total)``.

        Returns
        -------
        numpy.ndarray of uint64
            Sums over the registers, one a row.
        """
        slices = range(0, REGISTERS, bytes_of(self._kind))
        rows = head.shape[0] + sum(s.shape[0] for s in self._supports[1:])
        steps = Steps(report, len(slices) * rows)
        sums = np.zeros(head.shape[0], np.uint64)
        for first in slices:
            pushed = self._pushed(first, steps) if self._whole is None else self._whole
            progress = steps.next(head.shape[0])
            _core.sketch_sums(self._kind, csr_arrays(head), pushed, sums, self._threads, progress)
            del pushed  # not beside the next slice
        return sums

    def _pushed(self, first: int, steps: Steps) -> npt.NDArray[np.uint8]:
        """Return the registers of the first layer's columns, some or all of them."""
        nodes = self._supports[-1].shape[1]
        columns = aligned(nodes, self._kind)
        _core.sketch_columns(self._kind, nodes, first, self._seed, columns, self._threads)
        return push_sketches(self._supports[1:], self._kind, columns, self._threads, steps)


def sizes_of(sums: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Turn the sums of the registers into sizes, in the same memory.

    Parameters
    ----------
    sums : numpy.ndarray of uint64
        Of `RowRegisters.sums`; overwritten.

    Returns
    -------
    numpy.ndarray of float64
        Relative standard deviation about 13 percent (`SKETCH_ERROR`) for rows of many columns, less
        for small ones. 0 exactly for rows without nonzeros.

    Notes
    -----
    O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), eq. 13: small
    sizes need no correction of their own.
    """
    shift, most = np.uint64(_core.EMPTY_SHIFT), 2.0**_core.MOST_RANK
    mask = (np.uint64(1) << shift) - np.uint64(1)
    sizes: npt.NDArray[Any] = sums.view(np.float64)
    for first in range(0, len(sums), _CHUNK):
        part = sums[first : first + _CHUNK]
        occupied = (part & mask).astype(np.float64) / most
        empty = _EMPTY_PART[(part >> shift).astype(np.intp)]
        sizes[first : first + _CHUNK] = REGISTERS**2 / (2 * math.log(2)) / (occupied + empty)
    return sizes


def _sigma(x: float) -> float:
    """Return x + sum of 2^(k-1) x^(2^k) over k >= 1."""
    if x == 1.0:
        return math.inf
    total, factor = x, 1.0
    while True:
        x *= x
        before, total = total, total + x * factor
        factor += factor
        if total == before:
            return total


#: What so many empty registers add to the sum.
_EMPTY_PART = np.array([REGISTERS * _sigma(k / REGISTERS) for k in range(REGISTERS + 1)])
