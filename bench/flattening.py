"""Partial and approximate flattening: the same least counts from everybody, then the times."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import cheapfast as cf

from .model import Peer, Problem
from .results import Answer


@dataclass(frozen=True)
class LeastCount(Problem):
    """A network of which the least synapse counts are asked for.

    Parameters
    ----------
    network : cheapfast.Network
        What is flattened.
    flat : int, optional
        The answer, where a formula knows it.
    """

    network: cf.Network
    flat: int | None = None

    @property
    def formula(self) -> dict[str, Answer]:
        """The answer under the name ``formula``, where there is one."""
        return {} if self.flat is None else {"formula": Answer(self.flat, self.network.synapses)}


class Frontiers(LeastCount):
    """For every number of hidden layers; the answer is the sum over all of them."""


class Thinning(LeastCount):
    """For one layer within 10% of the product (Frobenius)."""


#: The error allowed to a `Thinning`.
TOLERANCE = 0.1


class Flattener(Peer):
    """One way to find the least counts."""

    @abstractmethod
    def prepare(self, problem: LeastCount, threads: int) -> Callable[[], Answer]:
        """Return what is timed."""
