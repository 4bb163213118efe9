"""How long sparse layers and their products take, predicted from measured rates of the machine.

A layer applied to vectors that make rows of b bytes takes

    rows * row(b) + nonzeros * entry(b) + misses * gather(b) + weights * stream + vectors * move

where the last three vanish as long as everything stays in a near cache, and more for rows of
different lengths, whose ends are guessed wrongly once there are too many to be learned. Multiplying
two matrices takes a rate for each nonzero of the left one, for each pair that meets and for each
nonzero of the product.
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
_WINDOW = 512  # bytes of an operand's row that the sparse kernel takes at a time, or fewer
_SHORT_ROW = 12.0  # nonzeros of a row that overlaps the next
_SINGLE = np.dtype(np.float32)
_LEAST_MASKED = 32  # bytes of a register that may be loaded in part: targets/masks.hpp
_OCTAVES = 2.0  # rows so much longer do not overlap at all
_LEAST_PART = 16  # bytes of a row that one thread takes of a transposed layer
_WORTH_THREADS = 1e-4  # seconds of a product below which one thread is taken to do it
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
    shared = _is_parallel(traffic, min(vectors.row_bytes, _WINDOW), transposed)
    parts = _parts(vectors)
    nonzeros, rows = float(min(traffic.nonzeros, 10**300)), as_float(traffic.rows)
    turns = max(nonzeros + rows, around.turns) * len(parts)
    turns /= machine.threads if shared else 1
    stored = nonzeros * (4 + weights.itemsize) + 4 * rows
    seconds = 0.0
    for bytes_a_row, count in parts:
        once = rows * machine.rate("row", bytes_a_row)
        once += nonzeros * _entry(nonzeros / max(rows, 1.0), bytes_a_row, weights, machine)
        once += rows * traffic.uneven * _uneven(bytes_a_row, turns, machine)
        once += _gather_seconds(traffic, bytes_a_row, machine)
        once += stored * machine.rate("stream", stored + around.weights)
        moved = as_float(traffic.rows + traffic.columns) * bytes_a_row
        once += rows * bytes_a_row * machine.rate("move", moved)
        if transposed:
            once += nonzeros * machine.rate("scatter", bytes_a_row)
        seconds += count * once
    return seconds / (machine.rate("speedup") if shared else 1.0)


def _parts(vectors: Vectors) -> list[tuple[int, float]]:
    """Return the widths in which the kernel goes over the matrix, and how often with each.

    It takes as many whole registers as it holds, then half as many, and so on; what is left of one
    or two in one pass where there are masks, else in parts of a register.
    """
    whole, rest = as_float(vectors.row_bytes // _WINDOW), vectors.row_bytes % _WINDOW
    parts = [(_WINDOW, whole)] * (whole > 0)
    register = _core.fused_lanes(_SINGLE) * _SINGLE.itemsize
    least = 2 * register if register >= _LEAST_MASKED else 1
    width = _WINDOW // 2
    while width >= least:
        if rest & width:
            parts.append((width, 1.0))
        width //= 2
    left = rest % least
    if left:  # a single number needs no register
        few = left <= vectors.dtype.itemsize
        parts.append((left if few else -(-left // register) * register, 1.0))
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


def _gather_seconds(traffic: Traffic, bytes_a_row: int, machine: Machine) -> float:
    """Predict what it costs that rows of the operand are not in a near cache."""
    operand = as_float(traffic.columns) * bytes_a_row
    near = min(traffic.extent * bytes_a_row, operand)
    known = max(traffic.touched - traffic.fresh, 0.0)
    if traffic.fresh < 0.75 * traffic.touched:  # in order: read ahead, line by line
        new = traffic.fresh * bytes_a_row * machine.rate("move", operand)
    else:
        new = traffic.fresh * gather_seconds(bytes_a_row, operand, machine)
    return as_float(traffic.rows) * (new + known * gather_seconds(bytes_a_row, near, machine))


def gather_seconds(bytes_a_row: int, operand: float, machine: Machine) -> float:
    """Predict what it costs more that a row of an operand is looked for at random.

    Parameters
    ----------
    bytes_a_row : int
    operand : float
        Its bytes.
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
    first, last = (machine.rate(name, operand) for name in rates)
    return first + share * (last - first)


def with_threads(seconds: float, machine: Machine) -> float:
    """Return what the threads make of work that one of them does in some seconds.

    Parameters
    ----------
    seconds : float
    machine : Machine

    Returns
    -------
    float
        The same for work so short that the kernels keep it to one thread.
    """
    if seconds < _WORTH_THREADS:
        return seconds
    return max(_WORTH_THREADS, seconds / machine.rate("speedup"))


class Meeting(NamedTuple):
    """Two sparse matrices that are multiplied.

    Parameters
    ----------
    left : float
        Nonzeros of the left factor.
    pairs : float
        Pairs of nonzeros that meet.
    product : float
        Nonzeros of the product.
    columns : int
        Of the product.
    uneven : float
        Share of rows that differ in length from the one before, in the factor with more of them.
    words : float
        Words of 64 columns that a row of the product touches, a nonzero.
    """

    left: float
    pairs: float
    product: float
    columns: int
    uneven: float
    words: float


def product_seconds(meeting: Meeting, dtype: np.dtype[Any], machine: Machine) -> float:
    """Predict what multiplying two sparse matrices takes.

    Parameters
    ----------
    meeting : Meeting
    dtype : numpy.dtype
        Of the product.
    machine : Machine

    Returns
    -------
    float
        Seconds, counting and filling together.
    """
    seconds = meeting.left * machine.rate("left")
    seconds += meeting.left * meeting.uneven * machine.rate("left uneven")
    seconds += meeting.pairs * machine.rate("pair")
    seconds += meeting.product * machine.rate("product")
    seconds += meeting.product * meeting.words * machine.rate("word")
    sums = as_float(meeting.columns) * dtype.itemsize
    seconds += meeting.pairs * machine.rate("gather8", sums)
    stored = meeting.product * (4 + dtype.itemsize)
    seconds += stored * machine.rate("move", stored)
    return with_threads(seconds, machine) + machine.rate("multiply")


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
