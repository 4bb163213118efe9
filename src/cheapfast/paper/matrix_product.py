"""Section III.G: multiplying by a fixed matrix, after Strassen, as a linear network."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
import numpy.typing as npt

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()


def _fixed(n: int) -> npt.NDArray[np.float64]:
    """Return a matrix N without zeros, none in Strassen's combinations of its blocks either."""
    return np.random.default_rng(47).uniform(1, 2, (n, n))


def _synapses(levels: int, n: int) -> int:
    """Count the network."""
    return cf.algorithms.strassen(levels, _fixed(n)).synapses


def _full_recursion(levels: int) -> int:
    """Count full recursion at any size from the one-level network, of n = 2 and n = 4.

    A level takes the combinations of blocks, proportional to their entries, and seven products.
    """
    small, large = _synapses(1, 2), _synapses(1, 4)
    products = (large - 4 * small) // 4
    combining = small - products
    total = 1
    for level in range(levels):
        total = combining * 4**level + products * total
    return total


@section.row(
    "III.G",
    "Strassen's NM as a network, full recursion, n = 16: deep synapses, 9*7^k - 8*4^k",
    paper="O(n^2.81)",
    note="N is fixed. The layer of the 7^k products is counted; flat are n^3 = 8^k.",
)
def strassen_synapses() -> Check:
    """Build it with k = 4."""
    deep = _synapses(4, 16)
    return Check(deep, 9 * 7**4 - 8 * 4**4, text_holds=deep <= 9 * 16 ** math.log2(7))


@section.row(
    "III.G",
    "Strassen's NM as a network, n = 8: nonzeros of the product of its layers",
    paper="n^3",
    note="Counted after cancellation, in exact arithmetic: the algorithm lives on terms that "
    "cancel, and the structural count is larger.",
)
def strassen_flat() -> Check:
    """Count the flat map of three levels."""
    net = cf.algorithms.strassen(3, np.arange(1.0, 65.0).reshape(8, 8) ** 2)
    return Check(cf.flattening_cost(net, kind="numerical", rng=0).flat, 8**3)


@section.row(
    "III.G",
    "Strassen's NM, full recursion: the least n = 2^k with C_s > 1",
    paper="not given",
    note="C_s = 8^k / (9*7^k - 8*4^k).",
)
def strassen_pays() -> Check:
    """Search with the recurrence that the one-level network gives."""
    least = bisect_left(range(40), True, key=lambda k: 8**k > _full_recursion(k))
    demanded = next(k for k in range(40) if 8**k > 9 * 7**k - 8 * 4**k)
    return Check(2**least, 2**demanded)


@section.row(
    "III.G",
    "Strassen's NM, one level: the least even n with C_s > 1",
    paper="not given",
    note="7 m^3 + 24 m^2 against 8 m^3 with m = n/2: equal at n = 48.",
)
def strassen_one_level_pays() -> Check:
    """Build the networks around the crossover."""
    least = bisect_left(range(40, 60, 2), True, key=lambda n: n**3 > _synapses(1, n))
    return Check(range(40, 60, 2)[least], 50)


@section.row(
    "III.G",
    "growth of Strassen's C_s with n: exponent 3 - log2 7",
    paper="n^0.627 at best",
    note="0.6271361 = 3 - omega for omega = 2.3728639, the best algorithm known to the paper; "
    "Strassen's alone gives 0.193.",
)
def strassen_growth() -> Check:
    """Take the ratio of two costs at n = 2^100."""
    exponent = 3 + math.log2(_full_recursion(99) / _full_recursion(100))
    return Check(exponent, 3 - math.log2(7), text_holds=exponent < 3 - 2.3728639)
