"""The flat matrix of a network, a block of columns at a time, without ever holding all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._memory import available_bytes, parse_bytes
from cheapfast.counting.structural import count_structural
from cheapfast.network import Network
from cheapfast.plan.product import in_precision_of, multiply

#: Bytes of one entry of a product while it is looked at: value, column, square, key.
_ENTRY_BYTES = 48

#: Entries of a block where memory does not matter: large enough that slicing costs nothing.
_BLOCK_ENTRIES = 2**23


class FlatBlocks:
    """The product of a linear network's layers, block of columns by block of columns.

    Every pass multiplies anew, and gives the same values as ``net.to_csr()``, bit for bit.

    Parameters
    ----------
    net : Network
        A linear network.
    threads, memory_limit
        As for `cheapfast.synapse_count`.
    report : callable, optional
        Called as ``report(columns done, all columns)`` in each pass.

    Attributes
    ----------
    count : int
        Structural nonzeros of the product, counted before anything is multiplied.
    in_memory : bool
        Whether all of them fit at once.
    """

    def __init__(
        self,
        net: Network,
        threads: int | None = None,
        memory_limit: int | str | None = None,
        report: Callable[[int, int], None] | None = None,
    ) -> None:
        self._net = net
        self._threads = threads
        self._report = report
        self.count = count_structural(net, "auto", threads, memory_limit).value
        limit = parse_bytes(memory_limit)
        room = (available_bytes() // 2 if limit is None else limit) // _ENTRY_BYTES
        self.in_memory = self.count <= room
        entries = min(room, _BLOCK_ENTRIES)
        columns = net.shape[1]
        self._width = max(1, min(columns, entries * columns // max(1, self.count)))
        largest_column = net.shape[0]
        if largest_column > room:
            # a single column may be full: what it takes is known before anything is multiplied
            raise MemoryError(
                f"one column of the flattened network needs up to {largest_column * _ENTRY_BYTES:,}"
                f" bytes, but only {room * _ENTRY_BYTES:,} may be used; raise memory_limit,"
                " or count with cheapfast.synapse_count(net), which makes no column"
            )

    def __iter__(self) -> Iterator[Any]:
        """Yield the blocks as canonical CSR, from the first columns to the last."""
        first, *others = [layer.to_csr() for layer in self._net]
        by_columns = in_precision_of(first, self._net.dtype).tocsc()
        total = self._net.shape[1]
        for start in range(0, max(1, total), self._width):  # one block of a matrix without columns
            stop = min(total, start + self._width)
            block = by_columns[:, start:stop].tocsr()
            for layer in others:
                block = multiply(layer, block, self._threads)
            require_finite(block.data)
            yield block
            if self._report is not None:
                self._report(stop, total)

    def squares(self) -> Iterator[npt.NDArray[np.float64]]:
        """Yield the squared magnitudes of the entries, block after block."""
        for block in self:
            yield squared(block.data)


def squared(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return squared magnitudes in double precision.

    Parameters
    ----------
    values : ndarray
        Real or complex.

    Returns
    -------
    ndarray of float64
    """
    squares: npt.NDArray[np.float64] = np.square(values.real, dtype=np.float64)
    if values.dtype.kind == "c":
        squares += np.square(values.imag, dtype=np.float64)
    return squares


def require_finite(values: npt.NDArray[Any]) -> None:
    """Refuse what has no norm.

    Parameters
    ----------
    values : ndarray
        Entries of a matrix.

    Raises
    ------
    ValueError
        If one is NaN or infinite, or if its square would be.
    """
    bad = len(values) - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise ValueError(
            f"net must flatten to finite numbers to have an approximation, got {bad} entries that "
            "are NaN or infinite"
        )
    if len(values) and float(np.abs(values).max()) > _LARGEST:
        raise ValueError(
            f"net must flatten to entries of at most {_LARGEST:g} for their squares to be summed; "
            "rescale a layer"
        )


#: Squares of larger entries, or sums of them, might overflow.
_LARGEST = 1e140
