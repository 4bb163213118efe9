"""Sections I and II: how many numbers a function takes, and how few a cheap one does."""

from __future__ import annotations

import math
from bisect import bisect_left
from fractions import Fraction

import numpy as np

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()

_PIXELS, _GREYS = 10**6, 256


def _tables(count: int, entries: int) -> cf.Network:
    """Return `count` look-up tables as one linear layer on one-hot coded inputs."""
    return cf.Network([cf.KroneckerSparse((count, 1, entries, 1), np.ones((1, 1, 1, 1)))])


@section.row(
    "I",
    "an arbitrary function of a million pixels with 256 grey levels: v^n parameters",
    paper="256^1000000",
    note="Synapses of one look-up table over all images, a linear layer on a one-hot input. Exact: "
    "the count is an integer of 8,000,001 bits.",
)
def arbitrary_function() -> Check:
    """Count the table of v^n entries."""
    digits = math.log10(cf.synapse_count(_tables(1, _GREYS**_PIXELS)))
    return Check(digits, _PIXELS * math.log10(_GREYS), shown=f"10^{digits:.0f}")


@section.row(
    "I",
    "the swindle: one table of v entries for each of n pixels, v n parameters",
    paper="v n times a constant",
)
def swindled_function() -> Check:
    """Count n tables of v entries."""
    return Check(cf.synapse_count(_tables(_PIXELS, _GREYS)), 256_000_000)


@section.row(
    "II.C",
    "2^n bits describe one of the 2^(2^n) Boolean functions: the least n with more than 10^78",
    paper="n > 260",
    note='The paper says "if n > 260"; n = 260 does: 2^260 = 1.85e78.',
)
def boolean_functions() -> Check:
    """Find the least n whose truth table outnumbers the atoms."""
    threshold = bisect_left(
        range(1000), True, key=lambda n: cf.synapse_count(_tables(1, 2**n)) > 10**78
    )
    return Check(threshold, math.ceil(78 * math.log2(10)), text_holds=threshold == 261)


def _monomials(variables: int, degree: int) -> int:
    """Count the monomials of (1 + x_1 + ... + x_n)^d: supports of polynomials convolve."""
    factor = np.zeros((2,) * variables)
    factor[(0,) * variables] = 1.0
    for axis in range(variables):
        factor[tuple(int(axis == i) for i in range(variables))] = 1.0
    powers = [
        cf.Convolution(factor, (power + 1,) * variables, mode="full") for power in range(degree)
    ]
    return cf.synapse_count(cf.Network(powers))


@section.row(
    "9",
    "monomials of degree up to d in n variables: (n+d)!/(n! d!), here d = 4, n = 3",
    paper=35,
    note="Structural count of the d-th power of 1 + x_1 + ... + x_n as d convolutions.",
)
def monomials() -> Check:
    """Count monomials by multiplying polynomials."""
    count = _monomials(3, 4)
    return Check(count, math.comb(7, 4), text_holds=count == 35)


@section.row(
    "II.D",
    "the same count where section II.D repeats it, d = 4, n = 3",
    paper="(n+d)/(n! d!) = 7/144",
    note='A factorial sign is lost in "(n+d)/(n!d!)"; eq. 9 has it right.',
)
def monomials_repeated() -> Check:
    """Compare with the formula as it is printed the second time."""
    count = _monomials(3, 4)
    printed = Fraction(3 + 4, math.factorial(3) * math.factorial(4))
    return Check(count, math.comb(7, 4), text_holds=count == printed)
