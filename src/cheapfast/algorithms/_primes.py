"""Prime factorisation of the lengths: exact, and fast up to products of two 40-bit primes."""

from __future__ import annotations

import math

from cheapfast._primality import PROVEN_BELOW, is_prime

#: Divided out one by one before anything cleverer is tried.
_SMALL_PRIMES = tuple(p for p in range(2, 1000) if all(p % q for q in range(2, math.isqrt(p) + 1)))

#: Differences multiplied together before one gcd is taken of all of them.
_BATCH = 128


def _split(n: int) -> int:
    """Return a proper divisor of the odd composite `n` (Pollard's rho with Brent's cycle search).

    The maps x -> x^2 + c are tried for c = 1, 2, ...: nothing is random, every run is the same.
    """
    c = 0
    while True:
        c += 1
        divisor = _rho(n, c)
        if divisor != n:
            return divisor


def _rho(n: int, c: int) -> int:
    """Search a divisor of `n` with x -> x^2 + c; `n` itself when this c finds no proper one."""
    y, stride, divisor = 2, 1, 1
    while divisor == 1:
        x, done = y, 0
        for _ in range(stride):
            y = (y * y + c) % n
        while done < stride and divisor == 1:
            batch_start, product = y, 1
            for _ in range(min(_BATCH, stride - done)):
                y = (y * y + c) % n
                product = product * abs(x - y) % n
            divisor = math.gcd(product, n)
            done += _BATCH
        stride *= 2
    if divisor != n:
        return divisor
    # the batch hid the divisor (or met all of them at once): repeat it one step at a time
    divisor, y = 1, batch_start
    while divisor == 1:
        y = (y * y + c) % n
        divisor = math.gcd(abs(x - y), n)
    return divisor


def prime_factors(n: int) -> list[int]:
    """Return the prime factors of `n` in ascending order, with repetition.

    Parameters
    ----------
    n : int
        At least 1.

    Returns
    -------
    list of int
        Primes whose product is `n`; empty for 1.

    Raises
    ------
    ValueError
        If what is left of `n` after the primes below 1000 are divided out reaches 3.3e24: beyond it
        the primality test would be no proof any more.

    Examples
    --------
    >>> prime_factors(360)
    [2, 2, 2, 3, 3, 5]
    """
    factors: list[int] = []
    rest = n
    for prime in _SMALL_PRIMES:
        while rest % prime == 0:
            factors.append(prime)
            rest //= prime
    if rest >= PROVEN_BELOW:
        raise ValueError(
            "n must be factored into primes, but after the primes below 1000 are divided out a "
            f"number of {rest.bit_length()} bits is left; at most 81 bits can be factored"
        )
    pending = [rest] if rest > 1 else []
    while pending:
        part = pending.pop()
        if is_prime(part):
            factors.append(part)
        else:
            divisor = _split(part)
            pending += [divisor, part // divisor]
    return sorted(factors)
