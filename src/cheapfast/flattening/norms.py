"""Certified bounds of the spectral norm of a sparse matrix."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast.flattening.blocks import squared
from cheapfast.plan.product import multiply

#: Products of pairs up to which the Gram matrix is worth its time: about a second.
_GRAM_PAIRS = 10**8

#: Steps of the power iteration; it is a lower bound after any number of them.
_STEPS = 24

_EPS = float(np.finfo(np.float64).eps)


class NormBounds(NamedTuple):
    """An interval that holds the spectral norm.

    Attributes
    ----------
    lower, upper : float
        The largest singular value lies between them.
    """

    lower: float
    upper: float


def spectral_norm(matrix: Any) -> NormBounds:
    r"""Bound the largest singular value of a matrix from both sides.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        Canonical, with finite entries.

    Returns
    -------
    NormBounds
        Rounding included.

    Notes
    -----
    From above the least of :math:`\|A\|_F`, :math:`\sqrt{\|A\|_1\|A\|_\infty}` and, where it is
    cheap, :math:`\sqrt{\|A^H A\|_\infty}`: no eigenvalue of a matrix exceeds its largest absolute
    row sum (Gershgorin). The last one is sharp for matrices with orthogonal columns of equal
    length, as butterflies have. From below :math:`\|A x\|/\|x\|` after some steps of the power
    iteration.

    Examples
    --------
    >>> import cheapfast as cf
    >>> low, high = spectral_norm(cf.algorithms.hadamard(256).to_csr())
    >>> round(low, 6), round(high, 6)
    (16.0, 16.0)
    """
    if not matrix.nnz:
        return NormBounds(0.0, 0.0)
    wide = matrix.astype(np.complex128 if matrix.dtype.kind == "c" else np.float64)
    return NormBounds(_from_below(wide), _from_above(wide))


def simple_upper_bound(matrix: Any) -> float:
    """Return the lesser of the Frobenius norm and the root of the 1-norm times the inf-norm.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        With finite entries.

    Returns
    -------
    float
        Never less than the spectral norm, and never growing when entries are removed.
    """
    if not matrix.nnz:
        return 0.0
    frobenius = math.sqrt(float(squared(matrix.data).sum()))
    return min(frobenius, math.sqrt(_one_times_inf(matrix))) * _slack(matrix)


def _from_above(matrix: Any) -> float:
    bound = simple_upper_bound(matrix)
    gram = _smaller_gram(matrix)
    if gram is None:
        return bound
    row_sums = abs(gram).sum(axis=1)
    # entries of the Gram matrix that cancel leave an error of the size of their terms
    error = _slack(matrix) - 1
    terms = error * _one_times_inf(matrix)
    return min(bound, math.sqrt(float(np.max(row_sums)) + terms) * _slack(matrix))


def _smaller_gram(matrix: Any) -> Any:
    """Return A^H A or A A^H, whichever has fewer products; None if both are dear."""
    in_rows = np.diff(matrix.indptr).astype(np.float64)
    in_columns = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)
    by_rows, by_columns = float(in_rows @ in_rows), float(in_columns @ in_columns)
    if min(by_rows, by_columns) > _GRAM_PAIRS:
        return None
    adjoint = matrix.conj().T.tocsr()
    if by_rows <= by_columns:
        return multiply(adjoint, matrix)
    return multiply(matrix, adjoint)


def _from_below(matrix: Any) -> float:
    """Iterate from a fixed random vector; the norm of the longest column is a bound, too."""
    rng = np.random.default_rng(0)
    x: npt.NDArray[Any] = rng.standard_normal(matrix.shape[1]).astype(matrix.dtype)
    adjoint = matrix.conj().T.tocsr()
    columns = np.bincount(matrix.indices, weights=squared(matrix.data), minlength=matrix.shape[1])
    best = math.sqrt(float(columns.max()))
    for _ in range(_STEPS):
        length = float(np.linalg.norm(x))
        if not length:
            break
        image = matrix @ (x / length)
        best = max(best, float(np.linalg.norm(image)))
        x = adjoint @ image
    return best / _slack(matrix)


def _one_times_inf(matrix: Any) -> float:
    magnitudes = np.sqrt(squared(matrix.data))  # in double precision, whatever the entries are
    rows = sparse.csr_array((magnitudes, matrix.indices, matrix.indptr), shape=matrix.shape)
    return float(rows.sum(axis=0).max()) * float(rows.sum(axis=1).max())


def _slack(matrix: Any) -> float:
    """Return 1 plus a bound of the relative rounding of sums over rows, columns and all entries."""
    rows, columns = matrix.shape
    return 1.0 + 4.0 * _EPS * (int(rows) + int(columns) + 16)
