"""Sketches of all nodes of a layer: their memory, and how they pass through a chain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.counting.csr import csr_arrays
from cheapfast.counting.steps import Steps
from cheapfast.support import CsrSupport, Support


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


def rows_memory(supports: Sequence[Support], threads: int) -> int:
    """Return the bytes in which nothing that an estimate would like to have is out of reach.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order.
    threads : int
        Number of threads.

    Returns
    -------
    int
        All registers at once, layers written out, and the bits of 512 rows for each thread.
    """
    widest = max(s.shape[1] for s in supports)
    written = sum(s.csr_bytes for s in supports if not isinstance(s, CsrSupport))
    return sketch_memory(supports, _core.REGISTERS) + written + 256 * widest * threads


def push_sketches(
    supports: Sequence[Support],
    kind: int,
    columns: npt.NDArray[np.uint8],
    threads: int,
    steps: Steps,
) -> npt.NDArray[np.uint8]:
    """Push the sketches of the columns through layers, each written out when it is its turn.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order: the last one is passed first.
    kind : int
        A kind of sketch of the kernels.
    columns : numpy.ndarray of uint8
        The sketches of the columns; may be overwritten.
    threads : int
        Number of threads.
    steps : Steps
        Hears of the progress, in rows.

    Returns
    -------
    numpy.ndarray of uint8
        The sketches of the rows of the first one.
    """
    sketches, spare = columns, None
    for support in reversed(supports):
        layer = csr_arrays(support)
        size = layer[0] * bytes_of(kind)
        out = spare if spare is not None and len(spare) == size else aligned(layer[0], kind)
        spare = None  # not beside what follows, where it is of no use
        _core.sketch_layer(kind, layer, sketches, out, threads, steps.next(layer[0]))
        sketches, spare = out, sketches
        del layer, out
    return sketches
