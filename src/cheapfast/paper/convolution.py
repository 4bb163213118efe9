"""Section II.D.3: a translation-symmetric map is a convolution, which costs n log2 n, not n^2."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()

#: Lengths at which every multiplication is done one by one, and counted.
_COUNTED = tuple(2**k for k in range(3, 11))


def _network(n: int) -> cf.Network:
    """Return a circular convolution by the Fourier transform."""
    kernel = np.zeros(n)
    kernel[:2] = 2.0, 1.0  # its spectrum 2 + w^k has no zero
    return cf.algorithms.convolution(kernel, n)


@section.row(
    "II.D.3",
    "synapses of a circular convolution by FFT, n = 1024: 4 n log2 n + n",
    paper="n log2 n instead of n^2",
    note="The paper's n log2 n is the order of growth. As a network: two transforms of 2 n log2 n "
    "synapses, neither of them reordered, and the spectrum.",
)
def convolution_synapses() -> Check:
    """Count the synapses at n = 1024."""
    n = 1024
    deep = cf.flattening_cost(_network(n)).deep
    return Check(deep, 4 * n * 10 + n, text_holds=deep < n * n)


@section.row(
    "II.D.3",
    "convolution by FFT has fewer synapses than a dense matrix from n = 2^k on",
    paper="not given",
    note="n^2 > 4 n log2 n + n. A kernel with few taps is cheaper flat at any n.",
)
def convolution_threshold() -> Check:
    """Find the least power of two that pays."""
    lengths = [2**k for k in range(1, 11)]
    pays = [n for n in lengths if cf.flattening_cost(_network(n)).ratio > 1]
    return Check(min(pays, default=0), min(n for n in lengths if n > 4 * math.log2(n) + 1))


def _apply_and_count(
    net: cf.Network, x: npt.NDArray[np.complex128]
) -> tuple[npt.NDArray[np.complex128], int]:
    """Apply a network by one multiply-add after another; return the result and how many they were.

    Written out in Python on purpose: what is counted is what is done.
    """
    work = 0
    for layer in net:
        csr = layer.to_csr()
        y = np.zeros(csr.shape[0], complex)
        for row in range(csr.shape[0]):
            for entry in range(csr.indptr[row], csr.indptr[row + 1]):
                y[row] += csr.data[entry] * x[csr.indices[entry]]
                work += 1
        x = y
    return x, work


def _work(n: int) -> float:
    """Count the multiply-adds of a convolution that is right; NaN if its result is not."""
    x = np.random.default_rng(n).standard_normal(n)
    result, work = _apply_and_count(_network(n), x.astype(complex))
    convolved = 2.0 * x + np.roll(x, 1)
    return work if np.allclose(result, convolved, rtol=0, atol=1e-10) else math.nan


@section.row(
    "II.D.3",
    "measured work: multiply-adds of a circular convolution by FFT, each one counted as it is "
    "done, n = 8, 16 ... 1024",
    paper="n log2 n",
    note="4 n log2 n + n at every length, and the result is the convolution: between 4 and 4 1/3 "
    "times n log2 n. The direct sum with a kernel of n taps takes n^2.",
)
def convolution_work() -> Check:
    """Apply the layers with a counter in the innermost loop, and compare every length."""
    work = {n: _work(n) for n in _COUNTED}
    agreeing = sum(work[n] == 4 * n * (n.bit_length() - 1) + n for n in _COUNTED)
    holds = all(4 <= work[n] / (n * math.log2(n)) <= 13 / 3 for n in _COUNTED)
    largest = _COUNTED[-1]
    shown = f"{work[largest]:,} at n = {largest}, as in {agreeing} of {len(_COUNTED)} lengths"
    return Check(agreeing, len(_COUNTED), text_holds=holds, shown=shown)


@section.row(
    "II.D.3",
    "measured work: of the lengths n from 2 to 128, at how many the layers of the FFT really built "
    "have fewer nonzeros than the n^2 of the direct sum",
    paper="not given",
    note="n (1 + 2 s) < n^2 with s the sum of the prime factors of n: never for a prime, and from "
    "32 on for the powers of two.",
)
def convolution_lengths() -> Check:
    """Count the nonzeros of every layer as a matrix."""
    built = {
        n: sum(int(layer.to_csr().count_nonzero()) for layer in _network(n)) for n in range(2, 129)
    }
    pays = sum(work < n * n for n, work in built.items())
    demanded = sum(1 + 2 * _sum_of_prime_factors(n) < n for n in built)
    return Check(pays, demanded)


def _sum_of_prime_factors(n: int) -> int:
    """Add the prime factors of n, each as often as it divides n."""
    divisor = next((d for d in range(2, n + 1) if n % d == 0), None)
    return 0 if divisor is None else divisor + _sum_of_prime_factors(n // divisor)
