"""Dense brute force, written for clarity: what every fast path is compared with.

Nothing here uses the package. Matrices are dense NumPy arrays, patterns are boolean ones.
"""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pattern = npt.NDArray[np.bool_]


def pattern_of(matrix: npt.ArrayLike) -> Pattern:
    """Where a matrix is not 0; NaN is not 0."""
    return np.asarray(matrix) != 0


def boolean_product(left: Pattern, right: Pattern) -> Pattern:
    """Entry (i, j) is there if some k joins i to j."""
    product = np.zeros((left.shape[0], right.shape[1]), dtype=bool)
    for i in range(left.shape[0]):
        product[i] = right[left[i]].any(axis=0)
    return product


def structural_counts(patterns: Sequence[Pattern]) -> list[int]:
    """Entries of the product so far, patterns in data-flow order."""
    so_far = patterns[0]
    counts = [int(so_far.sum())]
    for pattern in patterns[1:]:
        so_far = boolean_product(pattern, so_far)
        counts.append(int(so_far.sum()))
    return counts


def structural_count(patterns: Sequence[Pattern]) -> int:
    """Entries of the whole product, patterns in data-flow order."""
    return structural_counts(patterns)[-1]


def csr_pattern(shape: tuple[int, int], indptr: Iterable[int], indices: Sequence[int]) -> Pattern:
    """Write CSR index arrays out."""
    pattern = np.zeros(shape, dtype=bool)
    for row, (first, last) in enumerate(itertools.pairwise(indptr)):
        for column in indices[first:last]:
            pattern[row, column] = True
    return pattern


def kronecker_pattern(pieces: Iterable[tuple[int, ...]]) -> Pattern:
    """Kronecker product of pieces: (k,) is an identity, (b, c) a block of ones."""
    product = np.ones((1, 1), dtype=bool)
    for piece in pieces:
        factor = np.eye(piece[0], dtype=bool) if len(piece) == 1 else np.ones(piece, dtype=bool)
        product = np.kron(product, factor)
    return product


def kronecker_sparse(pattern: tuple[int, int, int, int], values: Array) -> Array:
    """Write a Kronecker-sparse matrix out entry by entry."""
    a, b, c, d = pattern
    values = np.broadcast_to(values, pattern)
    matrix = np.zeros((a * b * d, a * c * d), dtype=values.dtype)
    for ia, ib, ic, i_d in itertools.product(range(a), range(b), range(c), range(d)):
        matrix[(ia * b + ib) * d + i_d, (ia * c + ic) * d + i_d] = values[ia, ib, ic, i_d]
    return matrix


def permutation_matrix(indices: Sequence[int] | Array) -> Array:
    """Write the map x -> x[indices] out."""
    matrix = np.zeros((len(indices), len(indices)))
    for output, source in enumerate(indices):
        matrix[output, source] = 1.0
    return matrix


def digit_reversal(radices: Sequence[int]) -> list[int]:
    """For each output (digits of `radices`, slowest first) the input with the digits reversed."""
    indices = []
    for digits in itertools.product(*map(range, radices)):
        source = 0
        for digit, radix in zip(reversed(digits), reversed(radices), strict=True):
            source = source * radix + digit
        indices.append(source)
    return indices


def convolution_matrix(kernel: Array, shape: tuple[int, ...], mode: str) -> Array:
    """Write a convolution out, from the definition of the full and the circular one."""
    kernel = np.asarray(kernel)
    if mode == "circular":
        outputs, start = shape, (0,) * len(shape)
    else:
        outputs, start = _window(kernel.shape, shape, mode)
    matrix = np.zeros((math.prod(outputs), math.prod(shape)), dtype=kernel.dtype)
    for column, source in enumerate(itertools.product(*map(range, shape))):
        for t in itertools.product(*map(range, kernel.shape)):
            target = [j + k - s for j, k, s in zip(source, t, start, strict=True)]
            if mode == "circular":
                target = [i % n for i, n in zip(target, shape, strict=True)]
            elif not all(0 <= i < n for i, n in zip(target, outputs, strict=True)):
                continue
            matrix[np.ravel_multi_index(target, outputs), column] += kernel[t]
    return matrix


def _window(
    kernel: tuple[int, ...], shape: tuple[int, ...], mode: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of the output and where it starts in the full convolution (scipy.signal.convolve)."""
    full = tuple(k + n - 1 for k, n in zip(kernel, shape, strict=True))
    if mode == "full":
        return full, (0,) * len(shape)
    if mode == "same":
        return shape, tuple((k - 1) // 2 for k in kernel)
    pairs = list(zip(kernel, shape, strict=True))
    outputs = tuple(max(k, n) - min(k, n) + 1 for k, n in pairs)
    return outputs, tuple(min(k, n) - 1 for k, n in pairs)


def fourier_matrix(n: int, sign: int = -1) -> Array:
    """Return the matrix of the discrete Fourier transform."""
    index = np.arange(n)
    return np.exp(sign * 2j * np.pi * (np.outer(index, index) % n) / n)


def block_diagonal(first: Array, second: Array) -> Array:
    """Put two matrices along a diagonal."""
    rows, columns = first.shape
    shape = (rows + second.shape[0], columns + second.shape[1])
    matrix = np.zeros(shape, dtype=np.result_type(first, second))
    matrix[:rows, :columns] = first
    matrix[rows:, columns:] = second
    return matrix


def exact_root(numerator: int, period: int) -> tuple[decimal.Decimal, decimal.Decimal]:
    """Return cos and sin of 2 pi numerator / period to 50 digits, by their power series."""
    with decimal.localcontext() as context:
        context.prec = 60
        pi = decimal.Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
        angle = 2 * pi * numerator / period
        sums = [decimal.Decimal(0), decimal.Decimal(0)]
        term = decimal.Decimal(1)
        for power in range(100):
            sums[power % 2] += -term if power % 4 >= 2 else term
            term = term * angle / (power + 1)
        return sums[0], sums[1]


def kronecker_chain(factors: Sequence[Array]) -> Array:
    """Multiply Kronecker-sparse factors, in matrix order, written out entry by entry."""
    product: Array | None = None
    for values in factors:
        a, b, c, d = values.shape
        dense = np.zeros((a, b, d, a, c, d), values.dtype)
        for ia in range(a):
            for i in range(d):
                dense[ia, :, i, ia, :, i] = values[ia, :, :, i]
        dense = dense.reshape(a * b * d, a * c * d)
        product = dense if product is None else product @ dense
    assert product is not None
    return product
