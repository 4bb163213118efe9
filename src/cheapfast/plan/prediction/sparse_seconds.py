"""How long sparse layers take, predicted from measured rates of the machine.

A layer applied to vectors that make rows of b bytes takes

    rows * row(b) + nonzeros * entry(b) + misses * gather(b) + weights * stream + vectors * move

where the last three vanish as long as everything stays in a near cache, and more for rows of
different lengths, whose ends are guessed wrongly once there are too many to be learned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cheapfast import _core

if TYPE_CHECKING:
    from cheapfast.plan.prediction.machine import Machine
    from cheapfast.plan.prediction.traffic import Traffic

MOST_VECTORS = 10**100  # of which seconds can be predicted: far below the largest float
# Bytes of an operand's row that the sparse kernel takes at a time: fewer where that brings an
# operand near, or into the last cache, that is read often (see kernels/spmm_layout.cpp).
_WINDOW, _NARROW_WINDOW = 512, 128
_NEAR_BYTES, _AWAY_BYTES, _CACHED_BYTES = 1 << 19, 1 << 24, 1 << 25
_MANY_READS = 16
_IN_ORDER_SHARE = 0.5  # of data that passes by, as far as it drives other data out of a cache
_SHORT_ROW = 12.0  # nonzeros of a row that overlaps the next
_SINGLE = np.dtype(np.float32)
_LEAST_MASKED = 32  # bytes of a register that may be loaded in part: targets/masks.hpp
_OCTAVES = 2.0  # rows so much longer do not overlap at all
_LEAST_PART = 64  # bytes of a row that one thread takes of a transposed layer: kLineBytes
# Rows of the operand, in cache lines, below which a layer is one thread's: kSerialLines of
# kernels/spmm.cpp.
_PARALLEL_LINES, _LINE = 1 << 16, 64


class Vectors(NamedTuple):
    """What a network is applied to.

    Parameters
    ----------
    columns : int
        Number of vectors.
    dtype : numpy.dtype
        Their type.
    """

    columns: int
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one feature of all vectors."""
        return self.columns * self.dtype.itemsize


class Around(NamedTuple):
    """What else a call goes through, and what is in no near cache for that reason.

    Parameters
    ----------
    weights : float
        Bytes of all weights of the network: they drive each other out of the caches.
    turns : float
        Nonzeros and rows of all sparse layers: a processor learns by heart where the rows end of so
        many, and no more.
    """

    weights: float = 0.0
    turns: float = 0.0


#: A network of one layer.
NOTHING = Around()


def sparse_seconds(
    traffic: Traffic,
    vectors: Vectors,
    weights: np.dtype[Any],
    machine: Machine,
    around: Around = NOTHING,
    *,
    transposed: bool = False,
) -> float:
    """Predict what a sparse layer takes.

    Parameters
    ----------
    traffic : Traffic
        Of its matrix.
    vectors : Vectors
        That it is applied to.
    weights : numpy.dtype
        Of its values.
    machine : Machine
    around : Around, optional
        The network that the layer is part of.
    transposed : bool, optional
        Whether the transposed matrix is applied, without writing it out: rows of the operand are
        then added to the rows of the result that they name.

    Returns
    -------
    float
        Seconds with ``machine.threads`` threads.
    """
    if vectors.columns == 0:
        return 0.0
    window = _window(traffic, vectors, transposed)
    shared = _is_parallel(traffic, min(vectors.row_bytes, window), transposed)
    parts = _parts(vectors, window)
    nonzeros, rows = float(min(traffic.nonzeros, 10**300)), as_float(traffic.rows)
    turns = max(nonzeros + rows, around.turns) * len(parts)
    turns /= machine.threads if shared else 1
    stored = nonzeros * (4 + weights.itemsize) + 4 * rows
    seconds = 0.0
    for part in parts:
        once = rows * machine.rate("row", part.width)
        once += nonzeros * _entry(nonzeros / max(rows, 1.0), part.width, weights, machine)
        once += rows * traffic.uneven * _uneven(part.width, turns, machine)
        once += _gather_seconds(traffic, part, stored, machine)
        once += stored * machine.rate("stream", stored + around.weights)
        moved = as_float(traffic.rows + traffic.columns) * part.taken
        once += rows * part.taken * machine.rate("move", moved)
        if transposed:
            once += nonzeros * machine.rate("scatter", part.width)
        seconds += part.times * once
    return seconds / (machine.rate("speedup") if shared else 1.0)


class _Part(NamedTuple):
    """Bytes of a row with which the kernel goes over the matrix.

    Parameters
    ----------
    width : int
        That it computes: whole registers.
    taken : int
        That there are.
    times : float
        How often it does so.
    """

    width: int
    taken: int
    times: float


def _window(traffic: Traffic, vectors: Vectors, transposed: bool) -> int:
    """Return how many bytes of a row are taken at a time, for a layer by itself.

    In a chain the layers that have most of the nonzeros decide.
    """
    whole = traffic.columns * min(_WINDOW, vectors.row_bytes)
    part = traffic.columns * _NARROW_WINDOW
    comes_near = part <= _NEAR_BYTES < whole
    comes_back = part <= _CACHED_BYTES and whole > _AWAY_BYTES
    reads_much = not transposed and traffic.nonzeros >= _MANY_READS * traffic.columns
    return _NARROW_WINDOW if (comes_near or comes_back) and reads_much else _WINDOW


def _parts(vectors: Vectors, window: int = _WINDOW) -> list[_Part]:
    """Return the widths in which the kernel goes over the matrix, and how often with each.

    Of a window it takes as many whole registers as it holds, then half as many, and so on; what is
    left of one or two in one pass where there are masks, else in parts of a register.
    """
    whole, rest = as_float(vectors.row_bytes // window), vectors.row_bytes % window
    parts = [_Part(window, window, whole)] * (whole > 0)
    register = _core.fused_lanes(_SINGLE) * _SINGLE.itemsize
    least = 2 * register if register >= _LEAST_MASKED else 1
    width = window // 2
    while width >= least:
        if rest & width:
            parts.append(_Part(width, width, 1.0))
        width //= 2
    left = rest % least
    if left:  # a single number needs no register
        few = left <= vectors.dtype.itemsize
        parts.append(_Part(left if few else -(-left // register) * register, left, 1.0))
    return parts


def _is_parallel(traffic: Traffic, bytes_a_row: int, transposed: bool) -> bool:
    """Say whether the kernel shares the work out: of a transposed layer, the columns."""
    lines = (traffic.nonzeros + traffic.rows) * -(-bytes_a_row // _LINE)
    return lines >= _PARALLEL_LINES and not (transposed and bytes_a_row <= _LEAST_PART)


def _uneven(bytes_a_row: int, turns: float, machine: Machine) -> float:
    """Return what it costs that the end of a row is guessed wrongly; wide rows take that long."""
    one, register = (machine.rate(name, turns) for name in ("uneven8", "uneven64"))
    if bytes_a_row <= 64:
        return one + max(bytes_a_row - 8, 0) / 56 * (register - one)
    return register * (_WINDOW - bytes_a_row) / (_WINDOW - 64)


def _entry(a_row: float, bytes_a_row: int, weights: np.dtype[Any], machine: Machine) -> float:
    """Return the seconds a nonzero: short rows overlap, in long ones each waits for the last."""
    if weights.kind == "c":
        return machine.rate("complex", bytes_a_row)
    short, long = (machine.rate(name, bytes_a_row) for name in ("entry", "long"))
    share = min(max(math.log2(max(a_row, 1.0) / _SHORT_ROW) / _OCTAVES, 0.0), 1.0)
    return short + share * (long - short)


def _gather_seconds(traffic: Traffic, part: _Part, stored: float, machine: Machine) -> float:
    """Predict what it costs that rows of the operand are not in a near cache.

    The result and the weights, of which there are `stored` bytes, go through the caches with it.
    """
    operand = as_float(traffic.columns) * part.taken
    others = as_float(traffic.rows) * part.taken + stored
    share = min(traffic.extent / max(traffic.columns, 1), 1.0)
    near = share * held(operand, others)
    known = max(traffic.touched - traffic.fresh, 0.0)
    if traffic.fresh < 0.75 * traffic.touched:  # in order: read ahead, line by line
        new = traffic.fresh * part.taken * machine.rate("move", operand)
    else:
        new = traffic.fresh * gather_seconds(part.width, held(operand, others), machine)
    return as_float(traffic.rows) * (new + known * gather_seconds(part.width, near, machine))


def held(operand: float, others: float) -> float:
    """Return the bytes that a cache has to hold for an operand to be found there.

    Parameters
    ----------
    operand : float
        Bytes that are read at random places.
    others : float
        Bytes that are read and written in order meanwhile: they leave sooner.

    Returns
    -------
    float
    """
    return operand + _IN_ORDER_SHARE * others


def gather_seconds(bytes_a_row: int, held_bytes: float, machine: Machine) -> float:
    """Predict what it costs more that a row of an operand is looked for at random.

    Parameters
    ----------
    bytes_a_row : int
    held_bytes : float
        Bytes that a cache has to hold for it to be there.
    machine : Machine

    Returns
    -------
    float
        Interpolated between the three lengths of a row that were measured.
    """
    below, above, rates = (8, 64, ("gather8", "gather64"))
    if bytes_a_row > 64:
        below, above, rates = (64, 512, ("gather64", "gather512"))
    share = min(max((bytes_a_row - below) / (above - below), 0.0), 1.0)
    first, last = (machine.rate(name, held_bytes) for name in rates)
    return first + share * (last - first)


def as_float(count: int) -> float:
    """Return a count for the model; one beyond any float is as good as the largest.

    Parameters
    ----------
    count : int
        Of any size.

    Returns
    -------
    float
    """
    return float(min(count, 10**300))
