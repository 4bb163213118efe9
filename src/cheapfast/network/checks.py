"""Checks of arguments that must be networks."""

from __future__ import annotations

from cheapfast.network.network import Network


def require_network(net: object) -> None:
    """Raise unless an argument `net` is a network.

    Parameters
    ----------
    net : object

    Raises
    ------
    TypeError
        Says what came.
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a cheapfast.Network, got {type(net).__name__}")
