"""Numbers on the command line: reading ``2^60`` and writing counts that people can read."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from cheapfast import _memory

#: Sizes are exact integers; beyond this even the counts would not be readable any more.
MAX_BITS = 1000

#: From here on an exact power is written as one: 2^60 instead of 1,152,921,504,606,846,976.
POWER_FROM = 10**12

_POWER = re.compile(r"(\d+)(?:\^|\*\*)(\d+)")


def parse_integer(text: str, name: str) -> int:
    """Read a whole number: ``1048576``, ``1_048_576``, ``2^20``, ``2**20`` or ``1e6``.

    Parameters
    ----------
    text : str
        What the user wrote.
    name : str
        What the number is, for the message.

    Returns
    -------
    int
        The exact value, never rounded through a float.

    Raises
    ------
    ValueError
        If `text` is no whole number, or one above ``2**1000``.

    Examples
    --------
    >>> parse_integer("2^60", "n") == 2**60
    True
    >>> parse_integer("1e6", "n")
    1000000
    """
    plain = text.strip().replace("_", "")
    power = _POWER.fullmatch(plain)
    if power is not None and max(map(len, power.groups())) < MAX_BITS:
        base, exponent = int(power.group(1)), int(power.group(2))
        # before the power is computed: 9^9^9 digits would take the memory of the machine
        if base > 1 and exponent * (base.bit_length() - 1) > MAX_BITS:
            raise _too_large(name, text)
        return _checked(base**exponent, name, text)
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise _no_integer(name, text) from None
    if not value.is_finite():
        raise _no_integer(name, text)
    if value.adjusted() > MAX_BITS:
        raise _too_large(name, text)
    if value.as_integer_ratio()[1] != 1:
        raise _no_integer(name, text)
    return _checked(int(value), name, text)


def parse_fraction(text: str, name: str) -> float:
    """Read a real number such as a density: ``0.001`` or ``1e-3``.

    Parameters
    ----------
    text : str
        What the user wrote.
    name : str
        What the number is, for the message.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `text` is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number such as 0.001, not {text!r}") from None


def format_count(count: int) -> str:
    """Write a count: large exact powers as powers, the rest with thousands separators.

    Parameters
    ----------
    count : int
        Any integer.

    Returns
    -------
    str

    Examples
    --------
    >>> format_count(2**60), format_count(1048576), format_count(10**15)
    ('2^60', '1,048,576', '10^15')
    """
    if count >= POWER_FROM:
        for base in (2, 10, 3, 5, 6, 7):
            exponent = _exact_logarithm(count, base)
            if exponent is not None:
                return f"{base}^{exponent}"
    return f"{count:,}"


def format_ratio(ratio: float) -> str:
    """Write a ratio with three or four significant digits.

    Parameters
    ----------
    ratio : float
        Any ratio.

    Returns
    -------
    str

    Examples
    --------
    >>> format_ratio(12.345), format_ratio(0.91666), format_ratio(2.0**57)
    ('12.3', '0.917', '1.44e+17')
    """
    if 1000 <= ratio < 1e6:
        return f"{ratio:,.0f}"
    return f"{ratio:.3g}"


def format_cost(ratio: float) -> str:
    """Write a flattening cost; a network without synapses has none.

    Parameters
    ----------
    ratio : float
        The cost, or nan.

    Returns
    -------
    str

    Examples
    --------
    >>> format_cost(3.14159), format_cost(math.nan)
    ('3.14', 'undefined (no synapses)')
    """
    return "undefined (no synapses)" if math.isnan(ratio) else format_ratio(ratio)


def format_bytes(count: int) -> str:
    """Write an amount of memory for people, however large.

    Parameters
    ----------
    count : int
        Bytes.

    Returns
    -------
    str

    Examples
    --------
    >>> format_bytes(3 * 2**30), format_bytes(2**124)
    ('3.00 GiB', '1.84e+19 EiB')
    """
    if count < 1000 << 60:
        return _memory.human(count)
    return f"{Decimal(count) / (1 << 60):.2e} EiB"


def _exact_logarithm(count: int, base: int) -> int | None:
    exponent = 0
    while count % base == 0:
        count //= base
        exponent += 1
    return exponent if count == 1 else None


def _checked(value: int, name: str, text: str) -> int:
    if value.bit_length() > MAX_BITS + 1:
        raise _too_large(name, text)
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _no_integer(name: str, text: str) -> ValueError:
    return ValueError(
        f"{name} must be a whole number such as 1024, 2^20 or 1e6, not {_shown(text)}"
    )


def _too_large(name: str, text: str) -> ValueError:
    return ValueError(f"{name} must be at most 2^{MAX_BITS}, not {_shown(text)}")
