"""Checks of arguments that only the algorithms need."""

from __future__ import annotations

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
