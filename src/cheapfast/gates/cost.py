"""What flattening the product tree costs: exact counts of neurons and synapses."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from cheapfast._tables import html_facts
from cheapfast._validate import integer


@dataclass(frozen=True)
class GateCost:
    """The deep tree of product gates against the flat gate, for one n.

    Attributes
    ----------
    n : int
        Factors.
    deep_neurons, flat_neurons : int
        Hidden neurons: 4(n - 1) of the tree, 2^n of the flat gate.
    deep_synapses, flat_synapses : int
        Nonzero weights; weights between gates of the tree are multiplied out.
    neuron_cost, synapse_cost : Fraction
        C_n (eq. 25) and C_s (eq. 26): flat over deep.
    """

    n: int
    deep_neurons: int
    flat_neurons: int
    deep_synapses: int
    flat_synapses: int

    @property
    def neuron_cost(self) -> Fraction:
        """C_n, exact."""
        return Fraction(self.flat_neurons, self.deep_neurons)

    @property
    def synapse_cost(self) -> Fraction:
        """C_s, exact."""
        return Fraction(self.flat_synapses, self.deep_synapses)

    def __repr__(self) -> str:
        return (
            f"GateCost(n={self.n}, neurons: {self.deep_neurons:,} deep, "
            f"{_large(self.flat_neurons)} flat; synapses: {self.deep_synapses:,} deep, "
            f"{_large(self.flat_synapses)} flat)"
        )

    def _repr_html_(self) -> str:
        return html_facts(
            (
                ("factors", str(self.n)),
                ("neurons", f"{self.deep_neurons:,} deep, {_large(self.flat_neurons)} flat"),
                ("synapses", f"{self.deep_synapses:,} deep, {_large(self.flat_synapses)} flat"),
            )
        )


def _large(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"about 10^{len(str(count)) - 1}"


def level_sizes(n: int) -> list[list[int]]:
    """Return the gates of each level of the tree, by their number of inputs.

    Parameters
    ----------
    n : int
        Factors, at least 2.

    Returns
    -------
    list of list of int
        Twos, and one three at the end of a level with an odd number of inputs.
    """
    levels = []
    while n > 1:
        gates = [2] * (n // 2)
        if n % 2:
            gates[-1] = 3
        levels.append(gates)
        n = len(gates)
    return levels


def flattening_cost(n: int) -> GateCost:
    """Count the tree of product gates and the flat gate.

    Parameters
    ----------
    n : int
        Factors, at least 2, of any size.

    Returns
    -------
    GateCost
        Exact integers.

    Raises
    ------
    ValueError
        If n is smaller than 2.

    Notes
    -----
    A gate of two inputs has 4 neurons, one of three has 8; a level with an odd number of inputs
    takes one of the latter and no copies, so that the tree has 4(n - 1) in all: 124 for n = 32. The
    paper's "4n = 160" counts output neurons too (and 4n is 128).

    Examples
    --------
    >>> cost = flattening_cost(32)
    >>> cost.deep_neurons, cost.flat_neurons
    (124, 4294967296)
    """
    count = integer(n, "n", minimum=2)
    levels = level_sizes(count)
    neurons = sum(2**size for gates in levels for size in gates)
    # the first level reads the inputs; any other reads all neurons of the gates before it
    synapses = sum(size * 2**size for size in levels[0]) + sum(2**size for size in levels[-1])
    for below, gates in itertools.pairwise(levels):
        first = 0
        for size in gates:
            read = sum(2**inner for inner in below[first : first + size])
            synapses += 2**size * read
            first += size
    return GateCost(count, neurons, 2**count, synapses, (count + 1) * 2**count)
