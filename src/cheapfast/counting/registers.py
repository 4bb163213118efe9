"""How large is each row of a product, roughly: HyperLogLog registers pushed through the chain."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.counting.csr import csr_arrays
from cheapfast.support import CsrSupport, Support

Report = Callable[[int, int], None] | None

#: Registers of a sketch, one byte each.
REGISTERS = 64

#: Standard deviation of the estimate of one row, relative (Flajolet et al. 2007: 1.04 / sqrt(m)).
SKETCH_ERROR = 1.04 / math.sqrt(REGISTERS)

#: Seconds between two reports.
_REPORT_EVERY = 0.1

#: Rows whose registers are turned into sizes at a time.
_CHUNK = 1 << 18


@dataclass
class Steps:
    """Progress over several calls of the kernels, each of which knows only its own.

    Parameters
    ----------
    report : callable or None
        Who wants to know.
    total : int
        Units of work of all calls together.
    """

    report: Report
    total: int
    _done: int = field(default=0, init=False)
    _reported: float = field(default_factory=time.monotonic, init=False)

    def expect(self, work: int) -> None:
        """Hear of work to come.

        Parameters
        ----------
        work : int
            Units of work, all of them perhaps known already.
        """
        self.total = max(self.total, self._done + work)

    def next(self, work: int) -> Report:
        """Begin a call.

        Parameters
        ----------
        work : int
            Units of work of the call.

        Returns
        -------
        callable or None
            What to hand to the kernel.
        """
        before, self._done = self._done, self._done + work
        if self.report is None:
            return None
        outer = self.report
        # kernels report what takes long; many short calls add up to as much
        if time.monotonic() - self._reported >= _REPORT_EVERY:
            self._reported = time.monotonic()
            outer(before, self.total)
        return lambda done, _: outer(before + min(done, work), self.total)


def aligned(nodes: int, kind: int) -> npt.NDArray[np.uint8]:
    """Return room for one sketch a node, on a boundary of 64 bytes.

    Parameters
    ----------
    nodes : int
        How many sketches.
    kind : int
        A kind of sketch of the kernels.

    Returns
    -------
    numpy.ndarray of uint8
    """
    size = nodes * bytes_of(kind)
    room = np.empty(size + 64, np.uint8)
    offset = -room.ctypes.data % 64
    return room[offset : offset + size]


def bytes_of(kind: int) -> int:
    """Return the bytes of one sketch.

    Parameters
    ----------
    kind : int
        A kind of sketch of the kernels.

    Returns
    -------
    int
    """
    return 16 if kind == _core.SLICED_REGISTERS else 64


def sketch_memory(supports: Sequence[Support], kind: int) -> int:
    """Return the bytes of a sketch of all rows of a product.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order. Those that are symbolic are written out one at a time.
    kind : int
        A kind of sketch of the kernels.

    Returns
    -------
    int
        An upper bound, the given CSR arrays not included.
    """
    size = bytes_of(kind)
    steps = [
        (s.shape[1] + (s.shape[0] if i else 0)) * size
        + (0 if isinstance(s, CsrSupport) else s.csr_bytes)
        for i, s in enumerate(supports)
    ]
    return max(steps) + 8 * supports[0].shape[0]


def cohen_memory(supports: Sequence[Support]) -> int:
    """Return the bytes that Cohen's sketch needs.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order.

    Returns
    -------
    int
    """
    return sketch_memory(supports, _core.RANKS)


def sampling_memory(supports: Sequence[Support], threads: int) -> int:
    """Return the least number of bytes in which rows can be sketched, drawn and counted.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order.
    threads : int
        Number of threads, each of which counts rows.

    Returns
    -------
    int
    """
    sketched = sketch_memory(supports, _core.SLICED_REGISTERS)
    written = sum(s.csr_bytes for s in supports if not isinstance(s, CsrSupport))
    # stamps, bits and two lists: see PushMemory
    pushed = 13 * max(s.shape[1] for s in supports) * threads
    return max(sketched, written + 8 * supports[0].shape[0] + pushed)


def row_sizes(
    supports: Sequence[Support], seed: int, threads: int, memory_limit: int, report: Report
) -> npt.NDArray[np.float64]:
    """Estimate the nonzeros of every row of a product.

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
    report : callable or None
        Called as ``report(done, total)``.

    Returns
    -------
    numpy.ndarray of float64
        Relative standard deviation about 13 percent (`SKETCH_ERROR`) for rows of many columns, less
        for small ones. 0 exactly for rows without nonzeros.

    Raises
    ------
    MemoryError
        Before more than `memory_limit` bytes would be allocated.
    """
    kind = _core.REGISTERS
    if sketch_memory(supports, kind) > memory_limit:
        kind = _core.SLICED_REGISTERS
        _memory.require(
            sketch_memory(supports, kind),
            "a sketch of every row (16 bytes a node of the two widest neighbouring layers)",
            "raise memory_limit",
            limit=memory_limit,
        )
    slices = range(0, REGISTERS, bytes_of(kind))
    steps = Steps(report, len(slices) * sum(s.shape[0] for s in supports))
    sums = np.zeros(supports[0].shape[0], np.uint64)
    for first in slices:
        columns = aligned(supports[-1].shape[1], kind)
        _core.sketch_columns(kind, supports[-1].shape[1], first, seed, columns)
        pushed, layer = push_sketches(supports, kind, columns, threads, steps)
        work = steps.next(layer[0])
        _core.sketch_sums(kind, layer, pushed, sums, threads, work)
        del columns, pushed
    return _sizes(sums)


def push_sketches(
    supports: Sequence[Support],
    kind: int,
    columns: npt.NDArray[np.uint8],
    threads: int,
    steps: Steps,
) -> tuple[npt.NDArray[np.uint8], _core._CsrArrays]:
    """Push the sketches of the columns through all layers but the first of the chain.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order.
    kind : int
        A kind of sketch of the kernels.
    columns : numpy.ndarray of uint8
        The sketches of the columns.
    threads : int
        Number of threads.
    steps : Steps
        Hears of the progress, in rows.

    Returns
    -------
    numpy.ndarray of uint8
        The sketches of the rows that the first layer's columns name.
    tuple
        The first layer, written out.
    """
    sketches = columns
    for layer in _from_the_last(supports[1:]):
        out = aligned(layer[0], kind)
        _core.sketch_layer(kind, layer, sketches, out, threads, steps.next(layer[0]))
        sketches = out
    return sketches, csr_arrays(supports[0])


def _from_the_last(supports: Sequence[Support]) -> Iterator[_core._CsrArrays]:
    """Write out one layer at a time."""
    for support in reversed(supports):
        yield csr_arrays(support)


def _sizes(sums: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Turn the sums of the registers into sizes, in the same memory.

    O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), eq. 13: small
    sizes need no correction of their own.
    """
    shift, most = np.uint64(_core.EMPTY_SHIFT), 2.0**_core.MOST_RANK
    mask = (np.uint64(1) << shift) - np.uint64(1)
    empty_part = np.array([REGISTERS * _sigma(k / REGISTERS) for k in range(REGISTERS + 1)])
    sizes: npt.NDArray[Any] = sums.view(np.float64)
    for first in range(0, len(sums), _CHUNK):
        part = sums[first : first + _CHUNK]
        occupied = (part & mask).astype(np.float64) / most
        empty = empty_part[(part >> shift).astype(np.intp)]
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
