"""Conditions on the weights of a product gate (appendix A), checked exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._tables import html_facts

Matrix = npt.NDArray[Any]

MOST_INPUTS = 10
_PRIME = 2147483629  # below 2^31: products of residues fit in int64


@dataclass(frozen=True)
class WeightCheck:
    r"""What the weights of a hidden layer satisfy.

    Attributes
    ----------
    rank : int
        Rank of the matrix of eq. A7, :math:`A_{Sj} = \prod_{h \in S} a_{hj}`.
    needed : int
        2^n: the rank that a product gate has if no Taylor coefficient up to n vanishes. Necessary,
        not sufficient.
    residual : float
        Largest coefficient of any monomial of degree up to n but the product, relative to that of
        the product (eqs. A2-A3): 0 for a product gate, inf where the product does not appear.
    exact : bool
        Whether both were computed in exact arithmetic (integer weights), or in float64.
    """

    rank: int
    needed: int
    residual: float
    exact: bool

    @property
    def is_gate(self) -> bool:
        """Whether all conditions hold, to rounding if the weights are no integers."""
        return self.residual == 0 if self.exact else self.residual < 1e-9

    def _repr_html_(self) -> str:
        return html_facts(
            (
                ("product gate", "yes" if self.is_gate else "no"),
                ("rank", f"{self.rank:,} of {self.needed:,}"),
                ("residual", f"{self.residual:.2g}, {'exact' if self.exact else 'in float64'}"),
            )
        )


def check_product_weights(a: npt.ArrayLike, w: npt.ArrayLike) -> WeightCheck:
    r"""Check whether one hidden layer can multiply, whatever the activation.

    Parameters
    ----------
    a : array_like, shape (n, m)
        Weights :math:`a_{ij}` from input i to neuron j; n up to 10.
    w : array_like, shape (m,)
        Weights of the output.

    Returns
    -------
    WeightCheck
        Exact if all weights are integers.

    Raises
    ------
    ValueError
        If the shapes do not fit or the weights are not finite.
    TypeError
        If they are no real numbers.
    MemoryError
        If the matrix of eq. A7 would not fit.

    Notes
    -----
    The rank is that modulo a prime, which is proof where it is full; a smaller one is confirmed by
    elimination over the rationals. The sign construction of eq. A4 has :math:`A A^T = 2^n I`.

    Examples
    --------
    >>> check_product_weights([[1, -1, 1, -1], [1, 1, -1, -1]], [1, -1, -1, 1])
    WeightCheck(rank=4, needed=4, residual=0.0, exact=True)
    """
    weights, outputs = _checked(a, "a", 2), _checked(w, "w", 1)
    n, m = weights.shape
    if not 1 <= n <= MOST_INPUTS:
        raise ValueError(f"a must have 1 to {MOST_INPUTS} rows, one an input, got shape {(n, m)}")
    if outputs.shape != (m,):
        raise ValueError(f"w must have shape ({m},), one entry a column of a, got {outputs.shape}")
    exact = weights.dtype == object and outputs.dtype == object
    if not exact:
        weights, outputs = weights.astype(np.float64), outputs.astype(np.float64)
    _memory.require(40 * m << n, "check_product_weights", "use fewer neurons")
    matrix = subset_products(weights)
    return WeightCheck(_rank(matrix), 2**n, _residual(weights, outputs), exact)


def _checked(value: npt.ArrayLike, name: str, ndim: int) -> Matrix:
    array = np.asarray(value)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {array.shape}")
    if array.dtype.kind in "iu":
        return array.astype(object)
    if array.dtype.kind == "O" and all(isinstance(entry, int) for entry in array.flat):
        return array
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def subset_products(a: Matrix) -> Matrix:
    """Return the matrix of eq. A7.

    Parameters
    ----------
    a : ndarray, shape (n, m)
        Weights of the inputs.

    Returns
    -------
    ndarray, shape (2**n, m)
        Row S, a set of bits, holds the products of the weights of its inputs.
    """
    rows = np.ones((1, a.shape[1]), dtype=a.dtype)
    for weights in a:
        rows = np.concatenate([rows, rows * weights])
    return rows


def _rank(matrix: Matrix) -> int:
    """Return the rank: exact for integers."""
    if matrix.dtype != object:
        return int(np.linalg.matrix_rank(matrix))
    found = _rank_modulo((matrix % _PRIME).astype(np.int64))
    return found if found == min(matrix.shape) else _rank_rational(matrix)


def _rank_modulo(matrix: Matrix) -> int:
    """Eliminate modulo the prime; the rank over the rationals is at least as large."""
    rank = 0
    for column in range(matrix.shape[1]):
        pivots = np.flatnonzero(matrix[rank:, column])
        if not pivots.size:
            continue
        pivot = rank + int(pivots[0])
        matrix[[rank, pivot]] = matrix[[pivot, rank]]
        matrix[rank] = matrix[rank] * pow(int(matrix[rank, column]), -1, _PRIME) % _PRIME
        factors = matrix[rank + 1 :, column].copy()
        below = matrix[rank + 1 :]
        below -= factors[:, None] * matrix[rank][None, :] % _PRIME
        below %= _PRIME
        rank += 1
        if rank == matrix.shape[0]:
            break
    return rank


def _rank_rational(matrix: Matrix) -> int:
    """Eliminate in integers without fractions (Bareiss)."""
    rows = matrix.copy()
    rank, previous = 0, 1
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[rank:, column])
        if not pivots.size:
            continue
        pivot = rank + int(pivots[0])
        rows[[rank, pivot]] = rows[[pivot, rank]]
        head = rows[rank, column]
        below = rows[rank + 1 :]
        below[:] = (below * head - below[:, column][:, None].copy() * rows[rank]) // previous
        previous = head
        rank += 1
        if rank == rows.shape[0]:
            break
    return rank


def monomials(n: int, degree: int) -> Iterator[tuple[int, ...]]:
    """Return the exponents of all monomials of one degree.

    Parameters
    ----------
    n : int
        Variables.
    degree : int
        Sum of the exponents.

    Yields
    ------
    tuple of int
    """
    for places in itertools.combinations_with_replacement(range(n), degree):
        yield tuple(places.count(i) for i in range(n))


def power_sums(a: Matrix, w: Matrix, degree: int) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Return the coefficients of sum_j w_j (a_j . x)^degree.

    Parameters
    ----------
    a : ndarray, shape (n, m)
        Weights of the inputs.
    w : ndarray, shape (m,)
        Weights of the output.
    degree : int
        The power.

    Yields
    ------
    exponents, coefficient
    """
    for exponents in monomials(len(a), degree):
        product = w
        for weights, power in zip(a, exponents, strict=True):
            if power:
                product = product * weights**power
        count = math.factorial(degree)
        for power in exponents:
            count //= math.factorial(power)
        yield exponents, count * product.sum()


def _residual(a: Matrix, w: Matrix) -> float:
    """Return the largest unwanted coefficient over the wanted one."""
    n = len(a)
    largest, wanted = 0, 0
    for degree in range(n + 1):
        for exponents, coefficient in power_sums(a, w, degree):
            if exponents == (1,) * n:
                wanted = abs(coefficient)
            else:
                largest = max(largest, abs(coefficient))
    if wanted == 0:
        return math.inf
    return float(Fraction(largest) / Fraction(wanted))
