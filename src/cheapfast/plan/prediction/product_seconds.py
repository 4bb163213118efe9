"""How long multiplying two sparse matrices takes, predicted from measured rates of the machine.

It takes a rate for each nonzero of the left one, for each pair that meets and for each nonzero of
the product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cheapfast.plan.prediction.sparse_seconds import as_float

if TYPE_CHECKING:
    from cheapfast.plan.prediction.machine import Machine

_WORTH_THREADS = 1e-4  # seconds of a product below which one thread is taken to do it


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
