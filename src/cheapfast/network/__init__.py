"""Network, an ordered composition of layers, and chain, which writes one as a matrix product."""

from __future__ import annotations

from cheapfast.network.chain import chain, chain_named
from cheapfast.network.checks import require_network
from cheapfast.network.network import Network

__all__ = ["Network", "chain", "chain_named", "require_network"]
