"""How far a network is from a matrix, computed and not estimated."""

from __future__ import annotations

import math

import numpy as np

from cheapfast.flattening.unflatten.problem import Array
from cheapfast.network import Network

_PANEL = 1 << 17  # numbers of a panel of columns: it stays in the second-level cache


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
    rows, columns = matrix.shape
    width = min(columns, max(64, _PANEL // max(rows, columns)))
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
