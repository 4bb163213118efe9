"""What all products of neighbouring layers have in nonzeros: from samples, or else guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cheapfast.flattening.sampling import sample_products
from cheapfast.plan.prediction.sparse_seconds import as_float
from cheapfast.plan.prediction.traffic import Traffic
from cheapfast.support import Support, compose

#: Nonzeros of all layers together up to which their rows are sampled.
_MOST_SAMPLED = 1 << 28


class Estimates(NamedTuple):
    """Tables over all runs of neighbours, by first and last layer.

    Parameters
    ----------
    traffic : dict
        Of the products.
    pairs : dict
        Pairs of nonzeros that meet in the last step to a product.
    """

    traffic: dict[tuple[int, int], Traffic]
    pairs: dict[tuple[int, int], float]


def estimated(
    supports: Sequence[Support],
    closed: Sequence[Sequence[Support | None]],
    memory_limit: int,
    report: Callable[[int, int], None] | None,
) -> Estimates:
    """Estimate the products of all runs of neighbours.

    Parameters
    ----------
    supports : sequence of Support
        In data-flow order.
    closed : sequence of sequence of (Support or None)
        What `closed_products` made of them.
    memory_limit : int
        Bytes that the layers may take, written out.
    report : callable, optional
        Called as ``report(done, total)``.

    Returns
    -------
    Estimates
    """
    written = sum(support.csr_bytes for support in supports)
    if sum(support.nnz for support in supports) > _MOST_SAMPLED or 2 * written > memory_limit:
        return _guessed(supports, closed)
    found = Estimates({}, {})
    for j, products in enumerate(sample_products([one.to_csr() for one in supports], report)):
        for k, product in enumerate(products):
            found.traffic[j - k, j] = product.traffic
            if j + 1 < len(supports):
                found.pairs[j - k, j + 1] = product.next_pairs
    return found


def _guessed(supports: Sequence[Support], closed: Sequence[Sequence[Support | None]]) -> Estimates:
    """Do without samples where the layers are too large to be written out: no order assumed."""
    found = Estimates({}, {})
    for i, support in enumerate(supports):
        nonzeros = as_float(support.nnz)
        for j in range(i, len(supports)):
            shape = (supports[j].shape[0], support.shape[1])
            met = 0.0
            if j > i:
                met = nonzeros * as_float(supports[j].nnz)
                met /= max(as_float(supports[j].shape[1]), 1.0)
                most = as_float(shape[0]) * as_float(shape[1])
                known = closed[i][j - i]
                nonzeros = min(met, most) if known is None else as_float(known.nnz)
            a_row = nonzeros / max(as_float(shape[0]), 1.0)
            found.traffic[i, j] = Traffic(*shape, nonzeros, a_row, a_row, as_float(shape[1]), 0.0)
            found.pairs[i, j] = met
    return found


def closed_products(supports: Sequence[Support]) -> list[list[Support | None]]:
    """Return the products in closed form.

    Parameters
    ----------
    supports : sequence of Support
        In data-flow order.

    Returns
    -------
    list of list of (Support or None)
        Entry [i][k] is that of the layers i to i + k, None where there is none.
    """
    products = []
    for i, first in enumerate(supports):
        row: list[Support | None] = [first]
        for support in supports[i + 1 :]:
            row.append(None if row[-1] is None else compose(support, row[-1]))
        products.append(row)
    return products
