"""Which numbers are prime."""

from __future__ import annotations

#: The strong-pseudoprime test with these bases is a proof below `PROVEN_BELOW` (J. Sorenson and
#: J. Webster, Mathematics of Computation 86, 985 (2017)).
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
PROVEN_BELOW = 3_317_044_064_679_887_385_961_981


def is_prime(n: int) -> bool:
    """Decide whether `n` is prime, with a proof for ``n < PROVEN_BELOW`` (Miller-Rabin).

    Parameters
    ----------
    n : int
        Any integer below `PROVEN_BELOW`.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If `n` is larger, and not divisible by a small prime.
    """
    if n < 2:
        return False
    for prime in _WITNESSES:
        if n % prime == 0:
            return n == prime
    if n >= PROVEN_BELOW:
        raise ValueError(f"primality is proven only below {PROVEN_BELOW}, got {n}")
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    odd = (n - 1) >> twos
    return all(_passes(n, witness, odd, twos) for witness in _WITNESSES)


def _passes(n: int, witness: int, odd: int, twos: int) -> bool:
    """Say whether `n` is a strong probable prime to the base `witness`; n - 1 = odd 2^twos."""
    x = pow(witness, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False
