"""Small numbers: prime factors and the orders that they can be multiplied in."""

from __future__ import annotations

from collections.abc import Iterator


def prime_factors(n: int) -> list[int]:
    """Return the prime factors of a length, the smallest first.

    Parameters
    ----------
    n : int
        At least 1; the length of an array that fits in memory, so that trial division will do.

    Returns
    -------
    list of int

    Examples
    --------
    >>> prime_factors(360)
    [2, 2, 2, 3, 3, 5]
    """
    factors, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1
    return [*factors, n] if n > 1 else factors


def factor_orders(factors: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield the distinct orders of a list of factors, in lexicographic order.

    Parameters
    ----------
    factors : list of int
        Repetitions allowed.

    Yields
    ------
    tuple of int

    Examples
    --------
    >>> list(factor_orders([2, 2, 3]))
    [(2, 2, 3), (2, 3, 2), (3, 2, 2)]
    """
    if not factors:
        yield ()
    for first in sorted(set(factors)):
        rest = list(factors)
        rest.remove(first)
        for order in factor_orders(rest):
            yield (first, *order)
