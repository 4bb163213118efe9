"""How far a network is from a matrix, computed and not estimated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cheapfast import _core
from cheapfast.flattening.unflatten.butterfly import Order, balanced_cut
from cheapfast.flattening.unflatten.problem import Array, Problem
from cheapfast.network import Network

_PANEL = 1 << 17  # numbers of a panel of columns: it stays in the second-level cache
_PANELS = 5  # the unit vectors, what a network makes of them on the way, the difference


def verification_bytes(shape: tuple[int, int]) -> int:
    """Return about what `relative_error` takes beside the network.

    Parameters
    ----------
    shape : tuple of int
        Of the matrix.

    Returns
    -------
    int
    """
    return 16 * _PANELS * _width(shape) * max(shape)


def _width(shape: tuple[int, int]) -> int:
    return min(shape[1], max(64, _PANEL // max(shape)))


def relative_error(network: Network, matrix: Array, norm: float, threads: int) -> float:
    """Return ``norm(matrix - network) / norm(matrix)`` in the Frobenius norm.

    Parameters
    ----------
    network : Network
        Of the shape of the matrix.
    matrix : ndarray
        Shape (n, m).
    norm : float
        Frobenius norm of the matrix.
    threads : int
        Number of threads.

    Returns
    -------
    float
        The network is applied to the identity, some columns at a time, in double precision. 0 for
        two zero matrices, inf where only the matrix is zero.
    """
    columns = matrix.shape[1]
    width = _width(matrix.shape)
    double = np.complex128 if network.dtype.kind == "c" else np.float64
    panel = np.zeros((columns, width), double)
    total = 0.0
    for start in range(0, columns, width):
        stop = min(start + width, columns)
        unit = panel[:, : stop - start]
        diagonal = np.arange(stop - start)
        unit[start + diagonal, diagonal] = 1
        image = network.apply(unit, threads=threads)
        unit[start + diagonal, diagonal] = 0
        part = matrix[:, start:stop]
        if image.dtype.kind == "c" or part.dtype.kind != "c":
            image -= part
        else:
            image = image - part
        flat = np.ascontiguousarray(image).reshape(-1)
        total += float(np.vdot(flat, flat).real)
    distance = math.sqrt(total)
    if norm == 0:
        return 0.0 if distance == 0 else math.inf
    return distance / norm


def error_of_factors(problem: Problem, order: Order, factors: Sequence[Array]) -> float:
    """Return the relative Frobenius error of a product of Kronecker-sparse factors.

    Parameters
    ----------
    problem : Problem
        The matrix.
    order : Order
        Of its rows and columns.
    factors : sequence of ndarray
        Values of two factors or more, in matrix order, each of shape (a, b, c, d).

    Returns
    -------
    float
        There is one path from each input to each output, so that an entry is the product of one
        weight of each factor. The products over the factors on both sides of the middle cut are
        written out, in double precision, and the matrix is compared with their products in one
        pass. 0 for two zero matrices, inf where only the matrix is zero.
    """
    matrix = problem.matrix
    n, c = problem.shape
    cut, p, k = balanced_cut(n, c, order.pairs)
    m = n // p
    left = _written_out(factors[:cut])[0].transpose(2, 0, 1).reshape(n, k)
    right = np.empty((m, c), left.dtype)
    right[:, order.columns] = _written_out(factors[cut:])[..., 0].transpose(1, 0, 2).reshape(m, c)
    # groups of columns are numbered as they come in memory
    by_place = np.argsort(order.columns.reshape(k, -1).min(axis=1))
    left = left[:, by_place]
    group = np.empty(c, np.int64)
    group[order.columns.reshape(k, -1)[by_place]] = np.arange(k)[:, None]
    equal, rising = _run_length(np.diff(group) != 0), _run_length(np.diff(group) != 1)
    starts = group[:: max(equal, rising)]
    rows = np.ascontiguousarray(order.rows.reshape(p, m).T, dtype=np.int64).reshape(-1)
    parts = 2 if left.dtype.kind == "c" else 1
    squares = _core.squared_distance(
        matrix,
        rows,
        np.stack([np.repeat(part, parts, axis=1) for part in (left.real, left.imag)[:parts]]),
        np.stack([turned.view(np.float64) for turned in (right, 1j * right)[:parts]]),
        parts * starts,
        equal >= rising,
        problem.threads,
    )
    if problem.norm == 0:
        return 0.0 if squares == 0 else math.inf
    return math.sqrt(squares) / problem.norm


def _run_length(is_break: Array) -> int:
    """Return the largest length of equal runs whose ends are all the breaks, and maybe more."""
    return int(np.gcd.reduce(np.flatnonzero(is_break) + 1, initial=len(is_break) + 1))


def _written_out(factors: Sequence[Array]) -> Array:
    """Multiply factors, of shape (a, b, c, d) each, to one of the same form in double precision."""
    double = np.complex128 if factors[-1].dtype.kind == "c" else np.float64
    product = factors[-1].astype(double)
    for factor in factors[-2::-1]:
        a, p, k, _ = factor.shape
        _, rows, columns, d = product.shape
        product = np.multiply(  # a, p, rows, k, columns, d
            factor.reshape(a, p, k, rows, 1, d).transpose(0, 1, 3, 2, 4, 5),
            product.reshape(a, 1, k, rows, columns, d).transpose(0, 1, 3, 2, 4, 5),
            order="C",
        ).reshape(a, p * rows, k * columns, d)
    return product
