"""The families that split over digits: in the order that the matrix shows."""

from __future__ import annotations

from cheapfast.flattening.unflatten.butterfly import NoSplitError, Order, as_network, factorize
from cheapfast.flattening.unflatten.digits import find_order, sample_separation
from cheapfast.flattening.unflatten.problem import Outcome, Problem, Proposal, TooDear


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
    try:
        factors = factorize(problem, order)
    except NoSplitError:
        return f"{description}: the blocks have not rank one"
    return Proposal.of(as_network(factors, order.rows, order.columns), description)


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
