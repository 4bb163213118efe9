"""The algebra of supports: patterns that are counted and multiplied without being written out."""

from __future__ import annotations

from cheapfast.support.algebra import compose, permuted
from cheapfast.support.base import Support, csr_pattern_bytes, index_bytes
from cheapfast.support.convolution import ConvolutionSupport, convolution_support
from cheapfast.support.csr import CsrSupport, EmptySupport, index_dtype
from cheapfast.support.direct_sum import DirectSumSupport
from cheapfast.support.kronecker import KroneckerSupport
from cheapfast.support.offsets import Box
from cheapfast.support.permutation import (
    DigitPermutation,
    IndexPermutation,
    PermutationMap,
    compose_permutations,
)
from cheapfast.support.permuted import PermutedSupport
from cheapfast.support.pieces import Identity, Ones

__all__ = [
    "Box",
    "ConvolutionSupport",
    "CsrSupport",
    "DigitPermutation",
    "DirectSumSupport",
    "EmptySupport",
    "Identity",
    "IndexPermutation",
    "KroneckerSupport",
    "Ones",
    "PermutationMap",
    "PermutedSupport",
    "Support",
    "compose",
    "compose_permutations",
    "convolution_support",
    "csr_pattern_bytes",
    "index_bytes",
    "index_dtype",
    "permuted",
]
