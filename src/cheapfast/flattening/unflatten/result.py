"""What `unflatten` returns: the network, its error, and everything else that was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cheapfast._tables import html_table
from cheapfast.network import Network


@dataclass(frozen=True)
class Candidate:
    """One family of networks that was tried.

    Attributes
    ----------
    family : str
        Its name, such as ``"butterfly"``.
    description : str
        What was found, or why nothing was.
    synapses : int or None
        Nonzero weights of the network; None if there is none.
    error : float or None
        Relative Frobenius error of the network, computed from its weights; None if it was not
        built, because there is none or because it would not be the cheapest.
    """

    family: str
    description: str
    synapses: int | None = None
    error: float | None = None


class StructureNotFound(ValueError):
    """No network within the tolerance has enough fewer synapses than the matrix has entries.

    Parameters
    ----------
    message : str
        What was asked for.
    candidates : sequence of Candidate
        What was tried.

    Attributes
    ----------
    candidates : tuple of Candidate
        In the order in which they were tried.
    """

    def __init__(self, message: str, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        self.message = message
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.candidates)

    def __str__(self) -> str:
        return "\n".join([self.message, *map(" | ".join, _rows(self.candidates))])


@dataclass(frozen=True)
class Unflattening:
    """A deep network for a flat matrix.

    Attributes
    ----------
    network : Network
        The cheapest that was found. Its `synapses` are those of the candidate marked with a star.
    error : float
        Relative error in the Frobenius norm, ``norm(matrix - network) / norm(matrix)``, computed
        from the network's weights in double precision; 0 for a zero matrix.
    candidates : tuple of Candidate
        Everything that was tried, in that order; the one that was taken is among them.
    family : str
        Name of the family that was taken.
    tolerance : float
        The error that was allowed: the argument, or the rounding of a matrix in single precision.
    """

    network: Network
    error: float
    candidates: tuple[Candidate, ...]
    family: str
    tolerance: float

    @property
    def saving(self) -> float:
        """Entries of the matrix, zeros included, by synapses of the network; inf for none."""
        rows, columns = self.network.shape
        synapses = self.network.synapses
        return rows * columns / synapses if synapses else float("inf")

    def __repr__(self) -> str:
        rows, columns = self.network.shape
        layers = f"{self.network.depth} layer{'s' * (self.network.depth != 1)}"
        head = (
            f"Unflattening({rows}x{columns}: {self.network.synapses:,} synapses in {layers}, "
            f"error {self.error:.1e}, {self._saved()})"
        )
        return "\n".join([head, *("  " + "  ".join(row) for row in self._table())])

    def _saved(self) -> str:
        return f"saves {self.saving:.3g}x" if self.network.synapses else "zero within the tolerance"

    def _repr_html_(self) -> str:
        return html_table(("", "family", "synapses", "error", "description"), self._table())

    def _table(self) -> list[tuple[str, ...]]:
        taken = next(i for i, c in enumerate(self.candidates) if c.family == self.family)
        return [("*" if i == taken else " ", *row) for i, row in enumerate(_rows(self.candidates))]


def _rows(candidates: Sequence[Candidate]) -> list[tuple[str, str, str, str]]:
    """Lay the candidates out in columns of equal width."""
    cells = [
        (
            candidate.family,
            "-" if candidate.synapses is None else f"{candidate.synapses:,}",
            "-" if candidate.error is None else f"{candidate.error:.1e}",
            candidate.description,
        )
        for candidate in candidates
    ]
    family = max((len(row[0]) for row in cells), default=0)
    synapses = max((len(row[1]) for row in cells), default=0)
    return [(a.ljust(family), b.rjust(synapses), c.rjust(7), d) for a, b, c, d in cells]
