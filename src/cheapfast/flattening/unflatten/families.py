"""The families that split over digits: in the order that the matrix shows."""

from __future__ import annotations

import numpy as np

from cheapfast.flattening.unflatten.butterfly import (
    NoSplitError,
    Order,
    as_network,
    balanced_cut,
    factorize,
    factorize_crosses,
)
from cheapfast.flattening.unflatten.digits import find_order, sample_separation
from cheapfast.flattening.unflatten.problem import Array, Outcome, Problem, Proposal, TooDear
from cheapfast.flattening.unflatten.verify import error_of_factors

_WORTH_SAMPLING = 1 << 16  # entries; below, fits to all of them are as quick
_COPIES = 7  # of the two factors of the first split: reordered, weighted, written out, compared
_EXACT = 8  # roundings that a relative error is at most where nothing but rounding is in it


def digit_butterfly(problem: Problem) -> Outcome:
    """Propose Kronecker products, Monarch matrices and butterflies, whole or in part.

    Parameters
    ----------
    problem : Problem
        The matrix.

    Returns
    -------
    Outcome
        Rows and columns may have the digits of their indices in any order, of any mixed radices.
    """
    order = find_order(sample_separation(problem), problem.shape)
    if order is None:
        return "no digits of rows and columns separate"
    return propose_order(problem, order, "radices " + radices_text(order))


def propose_order(problem: Problem, order: Order, description: str) -> Outcome:
    """Propose the factors along a given order.

    Parameters
    ----------
    problem : Problem
        The matrix.
    order : Order
        Where the digits are.
    description : str
        What it is.

    Returns
    -------
    Outcome
    """
    if order.synapses >= problem.budget:
        return TooDear(description, order.synapses)
    _, p, k = balanced_cut(*problem.shape, order.pairs)
    halves = problem.shape[0] * k + problem.shape[1] * (problem.shape[0] // p)
    problem.require(_COPIES * halves * problem.double.itemsize, "splitting")
    try:
        factors, error = _factors(problem, order)
    except NoSplitError:
        return f"{description}: the blocks have not rank one"
    return Proposal.of(as_network(factors, order.rows, order.columns), description, error)


def _factors(problem: Problem, order: Order) -> tuple[list[Array], float]:
    """Return factors and their error: from few entries where these are exact, else from all."""
    if problem.matrix.size >= _WORTH_SAMPLING:
        try:
            factors = factorize_crosses(problem, order)
        except NoSplitError:
            pass
        else:
            error = error_of_factors(problem, order, factors)
            if error <= _EXACT * np.finfo(problem.matrix.dtype).eps:
                return factors, error
    factors = factorize(problem, order)
    return factors, error_of_factors(problem, order, factors)


def radices_text(order: Order) -> str:
    """Write the radices of an order, such as ``2.2.3`` or ``3x2.5x4``.

    Parameters
    ----------
    order : Order
        Any.

    Returns
    -------
    str
    """
    pairs = zip(order.row_radices, order.column_radices, strict=True)
    return ".".join(str(p) if p == k else f"{p}x{k}" for p, k in pairs)
