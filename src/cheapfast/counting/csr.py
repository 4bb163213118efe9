"""Counts entry by entry: supports written out as CSR and handed to the C++ kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from cheapfast import _core, _memory
from cheapfast.support import CsrSupport, Support

#: Methods of the kernels, "auto" aside.
CSR_METHODS = ("stamps", "bitmap", "bits", "push", "intern")

#: A limit above is none.
_MOST_BYTES = 2**62

#: The kernels keep some bytes a column. Beyond this many columns, most of them empty, the others
#: are numbered anew.
_MANY_COLUMNS = 2**16
_MOSTLY_EMPTY = 16

#: Rows and synapses times batches of 512 columns up to which all products of first layers are
#: counted at once where only some are asked for.
_QUICK, _BATCH = 2 * 10**7, 512


@dataclass(frozen=True)
class ChainCount:
    """What the kernels say of a chain.

    Attributes
    ----------
    value : int
        Nonzeros of the product.
    prefixes : list of int or None
        Nonzeros of the product so far, in data-flow order; None where not counted.
    method : str
        What ran.
    work : int
        Index pairs looked at.
    """

    value: int
    prefixes: list[int | None]
    method: str
    work: int


def count_csr(
    supports: Sequence[Support],
    method: str,
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
) -> ChainCount:
    """Count the nonzeros of a product of supports, entry by entry.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order; those that are symbolic are written out first.
    method : str
        "auto" or one of `CSR_METHODS`.
    threads : int
        Number of threads.
    memory_limit : int
        Bytes, given or available, the written-out supports included, the given CSR arrays not.
    progress : callable or None
        Called as ``progress(done, total)``.

    Returns
    -------
    ChainCount

    Raises
    ------
    MemoryError
        Before more than `memory_limit` bytes would be allocated.
    """
    symbolic = sum(s.csr_bytes for s in supports if not isinstance(s, CsrSupport))
    if symbolic:
        _memory.require(
            symbolic,
            "writing out the supports that have no closed form together",
            "count a smaller network, or layers whose product stays in closed form",
            limit=memory_limit,
        )
    layers = [csr_arrays(s) for s in supports]
    layers[-1] = used_columns(*layers[-1])
    with _memory.advising("use fewer threads", memory_limit):
        value, prefixes, ran, work = _core.count_chain(
            layers, method, threads, min(memory_limit - symbolic, _MOST_BYTES), progress
        )
    return ChainCount(value, prefixes, ran, work)


def count_prefixes_csr(
    supports: Sequence[CsrSupport], threads: int, memory_limit: int
) -> list[int]:
    """Count the products of all first layers, 512 columns at a time.

    Parameters
    ----------
    supports : sequence of CsrSupport
        In data-flow order.
    threads : int
        Number of threads.
    memory_limit : int
        Bytes, given or available.

    Returns
    -------
    list of int
        For each layer the nonzeros of the product of the layers up to it.

    Raises
    ------
    MemoryError
        Before more than `memory_limit` bytes would be allocated.
    """
    layers = [csr_arrays(support) for support in reversed(supports)]
    layers[-1] = used_columns(*layers[-1])
    with _memory.advising("use fewer threads", memory_limit):
        return _core.count_prefixes(layers, threads, min(memory_limit, _MOST_BYTES), None)


def quick_prefixes(
    supports: Sequence[Support], threads: int, memory_limit: int
) -> list[int] | None:
    """Count the products of all first layers if that takes little: some ten milliseconds.

    Parameters
    ----------
    supports, threads, memory_limit
        As for `count_prefixes_csr`.

    Returns
    -------
    list of int or None
        None, and nothing done, if it would take longer or does not fit in memory.
    """
    written = [support for support in supports if isinstance(support, CsrSupport)]
    batches = math.ceil(supports[0].shape[1] / _BATCH)
    if (
        len(written) < len(supports)
        or batches * sum(one.nnz + one.shape[0] for one in written) > _QUICK
    ):
        return None
    with suppress(MemoryError):
        return count_prefixes_csr(written, threads, memory_limit)
    return None


def csr_arrays(support: Support) -> _core._CsrArrays:
    """Write a support out as the kernels take it.

    Parameters
    ----------
    support : Support
        Any.

    Returns
    -------
    tuple
        Rows, columns, indptr and indices.
    """
    written = support.to_csr()
    return (*written.shape, written.indptr, written.indices)


def with_used_columns(support: Support) -> Support:
    """Leave out the empty columns if they are by far the most; no count depends on them.

    Parameters
    ----------
    support : Support
        The first layer that the data meets.

    Returns
    -------
    Support
        The support itself where nothing is to be gained.
    """
    if not isinstance(support, CsrSupport):
        return support
    rows, columns, indptr, indices = used_columns(*csr_arrays(support))
    return support if columns == support.shape[1] else CsrSupport((rows, columns), indptr, indices)


def used_columns(
    rows: int, cols: int, indptr: _core._Index, indices: _core._Index
) -> _core._CsrArrays:
    """Leave out the empty columns if they are by far the most; no count depends on them.

    Parameters
    ----------
    rows, cols : int
        Shape of the first layer that the data meets.
    indptr, indices : numpy.ndarray
        Its entries.

    Returns
    -------
    tuple
        Rows, columns, indptr and indices.
    """
    if cols <= _MANY_COLUMNS + _MOSTLY_EMPTY * len(indices):
        return rows, cols, indptr, indices
    used, renumbered = np.unique(indices, return_inverse=True)
    return rows, len(used), indptr, renumbered.astype(indptr.dtype).reshape(-1)
