"""What a worker keeps between two pieces of work: the network, and what is made of it once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from cheapfast.network import Network

#: What was made for the token that is worked on; one is enough, a count uses one network.
_KEPT: dict[tuple[str, str], Any] = {}
_LOCK = threading.RLock()


class Shared:
    """A network that all workers know: sent to each once, or loaded by each once.

    Parameters
    ----------
    net : Network or callable
        The network, or what returns it.
    """

    def __init__(self, net: Network | Callable[[], Network]) -> None:
        self._net = net
        self._token = uuid.uuid4().hex

    def network(self) -> Network:
        """Return the network; what is loaded is kept.

        Returns
        -------
        Network
        """
        if isinstance(self._net, Network):
            return self._net
        load = self._net
        net: Network = self.keep("network", lambda: called(load))
        return net

    def keep(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made before under a name, or make it.

        Parameters
        ----------
        name : str
            Of what is made.
        make : callable
            Makes it.

        Returns
        -------
        object
        """
        with _LOCK:
            if (self._token, name) not in _KEPT:
                for key in [key for key in _KEPT if key[0] != self._token]:
                    del _KEPT[key]
                _KEPT[self._token, name] = make()
            return _KEPT[self._token, name]

    def drop(self, name: str) -> None:
        """Forget what was made under a name, if anything was.

        Parameters
        ----------
        name : str
            Of what was made.
        """
        with _LOCK:
            _KEPT.pop((self._token, name), None)


def called(load: Any) -> Network:
    """Return the network that a callable returns.

    Parameters
    ----------
    load : callable
        Without arguments.

    Returns
    -------
    Network

    Raises
    ------
    TypeError
        If it is none, or returns something else.
    """
    if not callable(load):
        raise TypeError(f"net must be a cheapfast.Network or a callable, got {type(load).__name__}")
    net = load()
    if not isinstance(net, Network):
        raise TypeError(
            f"net must be a callable that returns a cheapfast.Network, got {type(net).__name__}"
        )
    return net
