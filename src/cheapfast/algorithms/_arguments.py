"""Checks of arguments that only the algorithms need."""

from __future__ import annotations

import numbers

from cheapfast._validate import integer


def size(n: object) -> int:
    """Return the length `n` of a transform as a Python int.

    Parameters
    ----------
    n : object
        What the caller passed.

    Returns
    -------
    int
        At least 1.
    """
    return integer(n, "n", minimum=1)


def log2_size(n: object) -> int:
    """Return k for a length n = 2^k.

    Parameters
    ----------
    n : object
        What the caller passed.

    Returns
    -------
    int
        The exponent, at least 0.

    Raises
    ------
    ValueError
        If `n` is no power of two; the message offers the neighbours that are.
    """
    number = size(n)
    bits = number.bit_length() - 1
    if number != 1 << bits:
        raise ValueError(
            f"n must be a power of two, got {number}; the nearest are {1 << bits} and {2 << bits}"
        )
    return bits


def probability(value: object, name: str) -> float:
    """Return a probability as a float.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is NaN or outside [0, 1].
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number between 0 and 1, got {value!r}")
    number = float(value)
    if not 0.0 <= number <= 1.0:  # NaN fails this too
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}")
    return number
