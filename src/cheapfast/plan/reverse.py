"""Plans of the transposed and of the adjoint map, which copy no matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cheapfast.plan.plan import Plan, make_plan

if TYPE_CHECKING:
    from cheapfast.layers import Layer


def make_reversed_plan(layers: Sequence[Layer], *, conjugate: bool) -> Plan:
    """Choose the passes that apply the transposed or the adjoint of `layers`.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order, all linear and without a bias.
    conjugate : bool
        The adjoint, not the transposed map.

    Returns
    -------
    Plan
        A transposed layer shares the weights of its layer: sparse matrices are read row by row as
        they are stored, and what they make of a row is added to the result.
    """
    turned = [layer.H if conjugate else layer.T for layer in reversed(layers)]
    return make_plan(turned, [layer.shape for layer in turned])
