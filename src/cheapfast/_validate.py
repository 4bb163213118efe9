"""Checks of numbers and options, shared by the whole package.

Every check names the argument, says what was expected and what came, and returns the checked value
in the one form that the rest of the package works with: Python integers for sizes and counts (they
may be 2**60).
"""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

#: More threads than any machine has CPUs are a typing error.
MOST_THREADS = 2**16


def integer(
    value: object, name: str, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return an integer argument as a Python int.

    Parameters
    ----------
    value : object
        What the caller passed; anything with ``__index__`` but no bool.
    name : str
        Name of the argument, for the message.
    minimum, maximum : int, optional
        Least and largest value allowed.

    Returns
    -------
    int
        The same number, of any size.

    Raises
    ------
    TypeError
        If the value is no integer.
    ValueError
        If it is smaller than `minimum` or larger than `maximum`.

    Examples
    --------
    >>> integer(2**60, "n", minimum=1) == 2**60
    True
    """
    number = value if type(value) is int else _index(value)
    if number is None:
        raise TypeError(f"{name} must be an integer, got {value!r} ({type(value).__name__})")
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} is too large: at most {maximum:.0e} is allowed")
    return number


def _index(value: Any) -> int | None:
    """Return the integer that a value stands for; a bool is hardly ever meant as one."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def integers(values: object, name: str, minimum: int | None = None) -> tuple[int, ...]:
    """Return a sequence of integers (or one integer) as a tuple of Python ints.

    Parameters
    ----------
    values : int or iterable of int
        What the caller passed; a single integer means a tuple of one.
    name : str
        Name of the argument, for the message.
    minimum : int, optional
        Least value allowed for each.

    Returns
    -------
    tuple of int

    Raises
    ------
    TypeError
        If it is no sequence of integers.
    ValueError
        If one of them is smaller than `minimum`.
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a sequence of integers, got {values!r}")
    if not isinstance(values, Iterable):
        return (integer(values, name, minimum),)
    return tuple([integer(value, name, minimum) for value in values])


def real(value: object, name: str, expected: str) -> float:
    """Return a real number as a float; its range is the caller's to check.

    Parameters
    ----------
    value : object
        What the caller passed; no bool.
    name : str
        Name of the argument, for the message.
    expected : str
        What it should be, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is an integer that no float can be.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {expected}, got {value!r}")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{name} must be {expected}, got an integer beyond any float") from error


def nonnegative(value: object, name: str) -> float:
    """Return a finite real number from 0 on as a float.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is negative, NaN or infinite.
    """
    number = real(value, name, "a finite number from 0 on")
    if not 0.0 <= number < math.inf:  # NaN fails this too
        raise ValueError(f"{name} must be a finite number from 0 on, got {value!r}")
    return number


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
    number = real(value, name, "a number between 0 and 1")
    if not 0.0 <= number <= 1.0:  # NaN fails this too
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}")
    return number


def choice(value: object, name: str, options: Collection[str]) -> str:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.
    options : collection of str
        What is allowed.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If the value is no string.
    ValueError
        If the value is none of the options; the message lists them.
    """
    listed = ", ".join(repr(option) for option in options)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {listed}, got {value!r} ({type(value).__name__})")
    if value not in options:
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")
    return value


def thread_count(threads: object = None) -> int:
    """Return the number of threads to use.

    Parameters
    ----------
    threads : int, optional
        None means the environment variable CHEAPFAST_NUM_THREADS if it is set, else the CPUs that
        this process may run on.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TypeError
        If `threads` is no integer.
    ValueError
        If it is smaller than 1 or above `MOST_THREADS`, or the environment variable is no such
        number.
    """
    if threads is not None:
        number = integer(threads, "threads", minimum=1)
        if number > MOST_THREADS:
            raise ValueError(f"threads must be at most {MOST_THREADS}, got {number}")
        return number
    setting = os.environ.get("CHEAPFAST_NUM_THREADS", "").strip()
    if setting:
        # the length first: Python refuses to read thousands of digits
        if not (setting.isdecimal() and len(setting) < 10 and 1 <= int(setting) <= MOST_THREADS):
            raise ValueError(
                "CHEAPFAST_NUM_THREADS must be a positive integer of at most "
                f"{MOST_THREADS}, got {setting!r}"
            )
        return int(setting)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def size_of(shape: Iterable[int]) -> int:
    """Return the product of the dimensions as a Python int (NumPy's would wrap at 2**63).

    Parameters
    ----------
    shape : iterable of int
        The dimensions.

    Returns
    -------
    int
    """
    return math.prod(shape)
