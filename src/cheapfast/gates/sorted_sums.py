"""Sums of step, relu and its powers over signs: the sorted sums of two halves, merged. Exact."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.sigma import Sigma

Integers = npt.NDArray[Any]  # of int64, or of Python integers where these are too small

MOST = 52
#: Python integers are some forty times slower: fewer factors.
MOST_LARGE = 40
_WORD = 31  # bits of a limb: products of a limb and a count, and their sums, fit in int64
_LARGEST = 1 << 60


def sign_sum(sigma: Sigma, x: list[Fraction], scale: Fraction, bias: Fraction) -> Fraction:
    """Sum sigma(bias + scale s . x) over all signs s, each times the product of its signs.

    Parameters
    ----------
    sigma : Sigma
        "step", "relu", "repu2", ...
    x : list of Fraction
        The factors, at least one.
    scale, bias : Fraction
        Of the gate; the scale is positive.

    Returns
    -------
    Fraction
        The sum, exact.

    Raises
    ------
    ValueError
        For another activation, or too many factors.
    MemoryError
        If the half sums would not fit.

    Notes
    -----
    E. Horowitz and S. Sahni, Journal of the ACM 21 (1974), 277: with both lists of 2^(n/2) half
    sums sorted, the second halves that make an argument positive are a tail of their list, of which
    prefix sums give all moments. O(n 2^(n/2)).
    """
    if not isinstance(sigma, Piecewise):
        raise ValueError(
            f"method='sorted' is for step, relu and its powers, got {sigma.name}: use "
            "method='series', 'sinc' or 'direct'"
        )
    n = len(x)
    if n > MOST:
        raise ValueError(
            f"method='sorted' takes at most {MOST} factors, got {n}; no other method takes more of "
            f"{sigma.name}: an analytic activation has 'series' and 'sinc'"
        )
    # u > 0 where the integer s . multiples exceeds a threshold; the powers of u are expanded at it
    denominator = math.lcm(*[value.denominator for value in x])
    multiples = [int(value * denominator) for value in x]
    shift = bias / scale * denominator
    moments = _moments(multiples, math.floor(-shift) + 1, sigma.degree)
    total = sum(
        math.comb(sigma.degree, j) * moment * shift ** (sigma.degree - j)
        for j, moment in enumerate(moments)
    )
    return Fraction(total) * (scale / denominator) ** sigma.degree


def _moments(multiples: list[int], threshold: int, degree: int) -> list[int]:
    """Sum the products of signs times (s . multiples)^j where s . multiples >= threshold."""
    largest = sum(abs(value) for value in multiples)
    if threshold > largest:
        return [0] * (degree + 1)
    threshold = max(threshold, -largest)
    small = degree <= 1 and largest < _LARGEST
    if not small and len(multiples) > MOST_LARGE:
        raise ValueError(
            f"method='sorted' takes at most {MOST_LARGE} factors of this kind (powers of relu, or "
            f"numbers that are not multiples of a common one in 60 bits), got {len(multiples)}"
        )
    half = (len(multiples) + 1) // 2
    _memory.require((64 if small else 600) << half, "method='sorted'", "use fewer factors")
    dtype = np.int64 if small else object
    first, first_signs = _sorted_sums(multiples[:half], dtype)
    second, second_signs = _sorted_sums(multiples[half:], dtype)
    start = np.searchsorted(second, threshold - first[::-1])[::-1]
    if small:
        return _moments_in_words(first, first_signs, second, second_signs, start)[: degree + 1]
    tails = [_tail_sums(second_signs * second**j)[start] for j in range(degree + 1)]
    return [
        sum(
            math.comb(j, k) * int((first_signs * first ** (j - k) * tails[k]).sum())
            for k in range(j + 1)
        )
        for j in range(degree + 1)
    ]


def _sorted_sums(multiples: list[int], dtype: type) -> tuple[Integers, Integers]:
    """Return the sums over all signs, ascending, and the products of their signs."""
    keys: Integers = np.zeros(
        1, dtype
    )  # twice the sum, plus 1 where the product of the signs is -1
    for value in multiples:
        keys = np.concatenate([keys + 2 * value, (keys - 2 * value) ^ 1])
    keys.sort()
    return keys >> 1, 1 - 2 * (keys & 1)


def _tail_sums(values: Integers) -> Integers:
    """Return the sum from each position to the end; 0 for the position after the last."""
    sums = np.zeros(len(values) + 1, values.dtype)
    sums[:-1] = np.cumsum(values[::-1])[::-1]
    return sums


def _moments_in_words(
    first: Integers,
    first_signs: Integers,
    second: Integers,
    second_signs: Integers,
    start: Integers,
) -> list[int]:
    """Compute moments 0 and 1 in int64, numbers split in two limbs so that nothing overflows."""
    mask = (1 << _WORD) - 1
    counts = _tail_sums(second_signs)[start] * first_signs
    zeroth = _exact_sum(counts)
    by_first = [_exact_sum(part * counts) for part in (first & mask, first >> _WORD)]
    by_second = [
        _exact_sum(_tail_sums(part * second_signs)[start] * first_signs)
        for part in (second & mask, second >> _WORD)
    ]
    low, high = (by_first[i] + by_second[i] for i in range(2))
    return [zeroth, low + (high << _WORD)]


def _exact_sum(values: Integers) -> int:
    """Add up int64 numbers whose sum may need more bits."""
    mask = (1 << _WORD) - 1
    return (int((values >> _WORD).sum()) << _WORD) + int((values & mask).sum())
