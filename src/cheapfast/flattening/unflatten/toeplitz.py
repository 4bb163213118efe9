"""Matrices constant along their diagonals, through the fast Fourier transform.

A circulant matrix of size n is the inverse transform times a diagonal times the transform; a
Toeplitz matrix is a corner of a circulant one; a Hankel matrix is a Toeplitz one with its rows in
the opposite order. With the transform F = S_k ... S_1 P, P the digit reversal,

    F^-1 diag(F h) F = conj(S_k) ... conj(S_1) diag(P F h / n) S_1^T ... S_k^T,

in which nothing is reordered.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cheapfast.flattening.unflatten.numbers import prime_factors
from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal, TooDear
from cheapfast.layers import FourierValues, KroneckerSparse, Layer, Permutation, Sparse
from cheapfast.network import Network

_SAMPLES = 256
_SLACK = 4.0  # of the sampled difference over the tolerance


def toeplitz(problem: Problem) -> Outcome:
    """Propose circulant, Toeplitz and Hankel matrices through the Fourier transform.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Outcome
        The network is complex, also for a real matrix; each complex weight is one synapse. What is
        left of imaginary parts belongs to its error.
    """
    if min(problem.shape) < 2:
        return "a single row or column"
    for name, matrix in (("Toeplitz", problem.matrix), ("Hankel", problem.matrix[::-1])):
        if _constant_along_diagonals(matrix, problem):
            return _through_fourier(name, matrix, problem)
    return "not constant along diagonals or antidiagonals"


def _constant_along_diagonals(matrix: Array, problem: Problem) -> bool:
    n, m = matrix.shape
    i = problem.rng.integers(0, n - 1, _SAMPLES)
    j = problem.rng.integers(0, m - 1, _SAMPLES)
    difference = np.abs(matrix[i + 1, j + 1] - matrix[i, j])
    allowed = _SLACK * problem.tolerance * problem.rms
    return bool(np.sqrt(np.mean(difference**2)) <= allowed)


def _through_fourier(name: str, matrix: Array, problem: Problem) -> Outcome:
    n, m = matrix.shape
    diagonals = _diagonal_means(matrix)
    size, kernel = _cheapest_kernel(diagonals, n, m, problem.tolerance * problem.rms)
    what = name if size >= n + m - 1 else ("circulant" if name == "Toeplitz" else "anticirculant")
    description = f"{what}, through Fourier transforms of length {size}"
    if problem.matrix.dtype.kind != "c":
        description += " (complex weights, each one synapse)"
    double = problem.matrix.real.dtype.itemsize == 8
    network = _network(kernel, (n, m), reverse=name == "Hankel", double=double)
    if network.synapses >= problem.budget:
        return TooDear(description, network.synapses)
    return Proposal.of(network, description)


def _diagonal_means(matrix: Array) -> Array:
    """Return the mean of each diagonal i - j, from -(m - 1) to n - 1."""
    n, m = matrix.shape
    sums = np.zeros(n + m - 1, np.complex128)
    counts = np.zeros(n + m - 1)
    for j in range(m):  # column j holds the diagonals -j ... n - 1 - j
        sums[m - 1 - j : m - 1 - j + n] += matrix[:, j]
        counts[m - 1 - j : m - 1 - j + n] += 1
    return sums / counts


def _cheapest_kernel(diagonals: Array, n: int, m: int, noise: float) -> tuple[int, Array]:
    """Return the length of the cheapest circulant that the matrix is a corner of, and its kernel.

    If the matrix is circulant itself, that is one of them.
    """
    least = n + m - 1
    size = min(range(least, 2 * least + 1), key=_cost)
    if n == m and _cost(n) < _cost(size):
        wrapped = diagonals[m:]  # diagonal t > 0, which is t - n as well
        if np.sqrt(np.mean(np.abs(wrapped - diagonals[: m - 1]) ** 2)) <= _SLACK * noise:
            tail = (wrapped + diagonals[: m - 1]) / 2
            return n, np.concatenate([diagonals[m - 1 : m], tail])
    kernel = np.zeros(size, np.complex128)
    kernel[:n] = diagonals[m - 1 :]
    if m > 1:
        kernel[-(m - 1) :] = diagonals[: m - 1]
    return size, kernel


def _cost(size: int) -> int:
    """Return the synapses of two transforms of a length."""
    return 2 * size * sum(prime_factors(size))


def _network(kernel: Array, shape: tuple[int, int], *, reverse: bool, double: bool) -> Network:
    """Return the corner of the circulant matrix with a kernel, its rows reversed on demand."""
    n, m = shape
    size = len(kernel)
    radices = prime_factors(size)
    dtype: np.dtype[Any] = np.dtype(np.complex128 if double else np.complex64)
    backward = _stages(radices, 1, dtype)
    forward = [stage.T for stage in reversed(_stages(radices, -1, dtype))]
    forward[-1] = _scaled_rows(forward[-1], _spectrum(kernel, radices).astype(dtype))
    layers: list[Layer] = [*forward, *backward]
    if m < size:
        layers[0] = Sparse(layers[0].to_csr()[:, :m])
    if n < size or reverse:
        rows = layers[-1].to_csr()[:n]
        layers[-1] = Sparse(rows[::-1] if reverse else rows)
    return Network(layers)


def _stages(radices: list[int], sign: int, dtype: np.dtype[Any]) -> list[KroneckerSparse]:
    """Return the arithmetic of a transform by decimation in time, in data-flow order."""
    size, stride, stages = math.prod(radices), 1, []
    for radix in radices:
        values = FourierValues(radix, stride, sign, dtype=dtype)
        stages.append(KroneckerSparse((size // (radix * stride), radix, radix, stride), values))
        stride *= radix
    return stages


def _spectrum(kernel: Array, radices: list[int]) -> Array:
    """Return the diagonal between the transforms: P F h / n."""
    spectrum = np.fft.fft(kernel) / len(kernel)
    return np.asarray(spectrum[Permutation.digit_reversal(tuple(radices[::-1])).indices()])


def _scaled_rows(layer: KroneckerSparse, scale: Array) -> KroneckerSparse:
    a, b, _, d = layer.pattern
    values = np.broadcast_to(layer.values.materialize(), layer.pattern)
    return KroneckerSparse(layer.pattern, values * scale.reshape(a, b, 1, d))
