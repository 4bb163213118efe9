"""Matrices of low rank: two dense layers with few neurons between them."""

from __future__ import annotations

import math

import numpy as np

from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal
from cheapfast.layers import KroneckerSparse
from cheapfast.network import Network

_LARGEST_SCREEN = 96  # rows and columns of a submatrix whose rank is a lower bound
_OVERSAMPLING = 8
_PANEL = 128  # columns that are orthogonalised together


def low_rank(problem: Problem) -> Outcome:
    """Propose the best approximation of the least rank that is within the tolerance.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Outcome
        Found by a randomised range finder with one step of subspace iteration, after the rank of a
        random submatrix has shown that it can be low.
    """
    n, m = problem.shape
    most = min((problem.budget - 1) // (n + m), n, m)
    if most < 1:
        return "no rank would save anything"
    least = _screened_rank(problem, most)
    if least > most:
        return f"rank at least {least}; it would have to be at most {most}"
    factors = _factors(problem, min(most, least + _OVERSAMPLING), most)
    if factors is None:
        return f"rank above {most}, from which on it would not pay"
    left, right = factors
    rank = left.shape[1]
    layers = [
        KroneckerSparse((1, rank, m, 1), right.reshape(1, rank, m, 1)),
        KroneckerSparse((1, n, rank, 1), left.reshape(1, n, rank, 1)),
    ]
    return Proposal.of(Network(layers), f"rank {rank}")


def _screened_rank(problem: Problem, most: int) -> int:
    """Return a lower bound, up to noise, of the numerical rank, from random submatrices."""
    size = min(most + 1, _LARGEST_SCREEN, *problem.shape)
    sample = _submatrix(problem, size)
    tails = _tails(np.linalg.svd(sample, compute_uv=False))
    # the submatrix may carry more of the error than its share
    allowed = 4 * problem.tolerance * max(problem.rms * size, tails[0])
    rank = int(np.count_nonzero(tails > allowed))
    larger = min(most + 1, *problem.shape)
    if rank < size or larger == size:
        return rank
    problem.require(3 * larger**2 * problem.matrix.itemsize, "a lower bound of the rank of")
    noise = 8 * problem.tolerance * problem.rms * math.sqrt(larger)
    return max(rank, _independent_columns(_submatrix(problem, larger), noise))


def _independent_columns(matrix: Array, noise: float) -> int:
    """Count the columns that stand out of the span of those before them; overwrites the matrix.

    These are the large entries of the diagonal of R in a QR decomposition: a tenth of the time of
    singular values. Panel by panel, so that Ctrl-C need not wait for all of it.
    """
    count = 0
    for stop in range(_PANEL, matrix.shape[1] + _PANEL, _PANEL):
        q, r = np.linalg.qr(matrix[:, stop - _PANEL : stop])
        count += int(np.count_nonzero(np.abs(np.diag(r)) > noise))
        rest = matrix[:, stop:]
        rest -= q @ (q.conj().T @ rest)
    return count


def _submatrix(problem: Problem, size: int) -> Array:
    n, m = problem.shape
    rows = problem.rng.permutation(n)[:size]
    columns = problem.rng.permutation(m)[:size]
    return problem.matrix[np.ix_(rows, columns)]


def _tails(singular_values: Array) -> Array:
    """Return the norms of what is left after 0, 1, ... terms."""
    squares = singular_values.astype(np.float64)[::-1] ** 2
    return np.sqrt(np.cumsum(squares)[::-1])


def _factors(problem: Problem, width: int, most: int) -> tuple[Array, Array] | None:
    """Return left and right factors within the tolerance, of rank at most `most`."""
    matrix, allowed = problem.matrix, problem.tolerance * problem.norm
    n, m = problem.shape
    while True:
        width = min(width, n, m)
        copies = 2 * matrix.nbytes + (matrix.nbytes if matrix.dtype.kind == "c" else 0)
        factors = width * (n + m) * (4 * matrix.itemsize + 8)
        problem.require(copies + factors, f"an approximation of rank {width} of")
        adjoint = matrix.conj().T
        start = problem.rng.standard_normal((m, width)).astype(matrix.dtype)
        basis = np.linalg.qr(adjoint @ np.linalg.qr(matrix @ start)[0])[0]
        basis = np.linalg.qr(matrix @ basis)[0]
        coordinates = basis.conj().T @ matrix
        outside = float(np.linalg.norm(matrix - basis @ coordinates))
        if outside <= allowed or width >= min(n, m, most + _OVERSAMPLING):
            break
        width = min(2 * width, most + _OVERSAMPLING)
    if outside > allowed:
        return None
    u, s, vh = np.linalg.svd(coordinates, full_matrices=False)
    tails = np.append(_tails(s), 0)
    rank = max(1, int(np.count_nonzero(np.hypot(tails, outside) > allowed)))
    if rank > most:
        return None
    # half of the size in each factor
    root = np.sqrt(s[:rank])
    return (basis @ u[:, :rank]) * root, root[:, None] * vh[:rank]
