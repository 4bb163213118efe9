"""Multiplying layers out: all of them, groups of them, within an error, or between activations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from cheapfast._validate import nonnegative
from cheapfast.flattening.approximate import (
    approximate_layers,
    approximate_matrix,
    frobenius_norm,
)
from cheapfast.flattening.blocks import FlatBlocks
from cheapfast.flattening.frontier import check_hidden_layers, frontier
from cheapfast.layers import Layer, Sparse
from cheapfast.network import Network, require_network
from cheapfast.plan.product import multiply_out


def flatten(
    net: Network, hidden_layers: int = 0, *, tolerance: float = 0.0, linear_runs: bool = False
) -> Network:
    r"""Multiply neighbours out until a number of hidden layers is left, with fewest synapses.

    Parameters
    ----------
    net : Network
        A linear network; any network with ``linear_runs=True``.
    hidden_layers : int, optional
        Hidden layers of the result; 0 is one matrix.
    tolerance : float, optional
        Relative error allowed to the matrix of the result, in the Frobenius norm. The smallest
        entries are dropped for it.
    linear_runs : bool, optional
        Flatten each run of layers between two activations to one layer (each within `tolerance`),
        and leave the activations where they are. A bias within a run becomes one of its result.

    Returns
    -------
    Network
        The same map, or one within `tolerance`. Layers that are not merged are taken as they are;
        entries that cancel exactly where layers are merged are no synapses, so there may be fewer
        than `frontier` says. Without hidden layers no matrix within `tolerance` has fewer synapses;
        with hidden layers it is an upper bound: the errors of the layers are added up as they may
        at worst, and the true error is less.

    Raises
    ------
    ValueError
        If the network is not linear (the message names the layers in the way), has fewer hidden
        layers, or holds NaN or infinities where a tolerance is given; if the tolerance is negative
        or NaN, or `hidden_layers` is given together with `linear_runs`; or if a product leaves the
        range of its type.
    MemoryError
        Before a product that would not fit.

    See Also
    --------
    tolerance_curve : how many synapses every tolerance needs.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.flatten(cf.algorithms.haar(8), hidden_layers=1)
    >>> net.depth, np.allclose(net.toarray(), cf.algorithms.haar(8).toarray())
    (2, True)
    >>> cf.flatten(cf.algorithms.hadamard(64), tolerance=0.1).synapses
    4056
    >>> half = cf.Sparse(np.eye(3) / 2)
    >>> cf.flatten(cf.Network([half, half, cf.Activation("tanh"), half]), linear_runs=True).depth
    2
    """
    require_network(net)
    error = nonnegative(tolerance, "tolerance")
    if linear_runs:
        if hidden_layers != 0:
            raise ValueError(
                f"hidden_layers must be 0 with linear_runs=True, got {hidden_layers}: each run "
                "between activations becomes one layer"
            )
        return Network([layer for run in _runs(net) for layer in _flat_run(run, error)])
    _require_linear(net)
    wanted = check_hidden_layers(hidden_layers, net)
    if error > 0:
        return _approximate(net, wanted, error)
    groups = ((0, len(net)),) if wanted == 0 else frontier(net)[wanted].groups
    layers = list(net)
    return Network(
        [net[a] if b == a + 1 else multiply_out(layers[a:b], dtype=net.dtype) for a, b in groups]
    )


def _require_linear(net: Network) -> None:
    """Refuse activations and biases, and say what can be done about them."""
    try:
        net.require_linear("a flattened form")
    except ValueError as error:
        raise ValueError(
            f"{error}, or flatten the runs between activations with linear_runs=True"
        ) from None


def _approximate(net: Network, hidden_layers: int, tolerance: float) -> Network:
    blocks = FlatBlocks(net)
    if hidden_layers == 0:
        return Network([Sparse(approximate_matrix(blocks, tolerance))])
    groups = frontier(net)[hidden_layers].groups
    return approximate_layers(net, groups, tolerance, frobenius_norm(blocks)).network


def _runs(net: Network) -> Iterator[list[Layer]]:
    """Yield the runs of layers with weights, and each activation on its own."""
    for linear, run in itertools.groupby(net, key=lambda layer: layer.is_linear):
        if linear:
            yield list(run)
        else:
            yield from ([activation] for activation in run)


def _flat_run(run: list[Layer], tolerance: float) -> list[Layer]:
    """Return one layer for a run, an activation as it is."""
    if not run[0].is_linear or (len(run) == 1 and not tolerance):
        return run
    bare = [_without_bias(layer) for layer in run]
    if tolerance:
        matrix = approximate_matrix(FlatBlocks(Network(bare)), tolerance)
    else:
        matrix = multiply_out(bare)
    if all(layer.bias is None for layer in run):
        return [Sparse(matrix)]
    # what the run makes of zero is the bias of the whole; a wider result than the weights is not
    # lost: the dtype of a bias is that of its layer
    affine = Network(run)
    bias = affine.apply(np.zeros(affine.shape[1], dtype=affine.dtype))
    return [Sparse(matrix, bias=bias)]


def _without_bias(layer: Layer) -> Layer:
    return layer if layer.bias is None else Sparse(layer.to_csr())
