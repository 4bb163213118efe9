"""Section III.G: fast Fourier, Walsh-Hadamard and wavelet transforms."""

from __future__ import annotations

import math
from fractions import Fraction

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()

_HUGE = 2**60


def _as_claimed(cost: cf.FlatteningCost, n: int) -> bool:
    """Say whether a cost is n/log n up to a factor of 4, as the paper claims for n variables."""
    return 0.25 <= cost.ratio / (n / math.log2(n)) <= 1


def _check(net: cf.Network, demanded: Fraction) -> Check:
    """Compare the exact quotient of the two counts, and the ratio that users see."""
    cost = cf.flattening_cost(net)
    exact = Fraction(cost.flat, cost.deep) == demanded
    holds = _as_claimed(cost, net.shape[0])
    return Check(cost.ratio, demanded if exact else math.nan, text_holds=holds)


@section.row(
    "26, III.G",
    "fast Fourier transform, n = 256: C_s = n/(2 log2 n + 1), the digit reversal counted",
    paper="O(n/log n)",
    note="Twiddle factors are folded into the layers. Radix 2: 2 n synapses a layer.",
)
def fourier_reordered() -> Check:
    """Count all layers, the permutation too."""
    return _check(cf.algorithms.fourier(256), Fraction(256, 17))


@section.row(
    "26, III.G",
    "fast Fourier transform, n = 256, digit-reversed input: C_s = n/(2 log2 n)",
    paper="O(n/log n)",
)
def fourier_bare() -> Check:
    """Count the arithmetic only."""
    return _check(cf.algorithms.fourier(256, reorder=False), Fraction(16))


@section.row(
    "26, III.G",
    "fast Fourier transform, n = 2^60: 2^60/121, the digit reversal counted",
    paper="O(n/log n)",
)
def fourier_reordered_huge() -> Check:
    """Count in closed form."""
    return _check(cf.algorithms.fourier(_HUGE), Fraction(_HUGE, 121))


@section.row(
    "26, III.G",
    "fast Fourier transform, n = 2^60, digit-reversed input: 2^60/120",
    paper="O(n/log n)",
)
def fourier_bare_huge() -> Check:
    """Count in closed form, without the permutation."""
    return _check(cf.algorithms.fourier(_HUGE, reorder=False), Fraction(_HUGE, 120))


@section.row(
    "26, III.G",
    "fast Fourier transform, n = 30030 = 2*3*5*7*11*13: n/(1 + sum of the prime factors)",
    paper="O(n/log n)",
    note="Any n; the 1 is the digit reversal, left out where it is the identity (n prime).",
)
def fourier_mixed_radix() -> Check:
    """Count a transform whose length is no power."""
    return _check(cf.algorithms.fourier(30030), Fraction(30030, 42))


@section.row(
    "26, III.G", "fast Walsh-Hadamard transform, n = 256: C_s = n/(2 log2 n)", paper="O(n/log n)"
)
def hadamard() -> Check:
    """Count at n = 256."""
    return _check(cf.algorithms.hadamard(256), Fraction(16))


@section.row("26, III.G", "fast Walsh-Hadamard transform, n = 2^60: 2^60/120", paper="O(n/log n)")
def hadamard_huge() -> Check:
    """Count in closed form."""
    return _check(cf.algorithms.hadamard(_HUGE), Fraction(_HUGE, 120))


@section.row(
    "III.G",
    "fast Haar wavelet transform, n = 1024, copies free: n (log2 n + 1)/(4 (n-1))",
    paper="O(n/log n)",
    note="The flat matrix has only n (log2 n + 1) nonzeros, so the cost grows like log n: the "
    "paper's n/log n does not hold for Haar.",
)
def haar_without_copies() -> Check:
    """Count arithmetic only: finished coefficients are wires."""
    return _check(cf.algorithms.haar(1024, copies=False), Fraction(1024 * 11, 4 * 1023))


@section.row(
    "III.G",
    "fast Haar wavelet transform, n = 1024, layered, pass-through copies counted",
    paper="O(n/log n)",
    note="Below 1 for all n > 2, tending to 1: with 2 (n-1) + n log2 n synapses the deep network "
    "is the dearer one.",
)
def haar_with_copies() -> Check:
    """Count the copies of finished coefficients as synapses."""
    return _check(cf.algorithms.haar(1024), Fraction(1024 * 11, 2 * 1023 + 1024 * 10))
