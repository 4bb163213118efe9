"""The frame of the claims: what a row is, and how a verdict is reached."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

Value = int | float | str
Verdict = Literal["agrees", "slip in the text", "disagrees"]

#: Relative error allowed to a computed real number; counts are compared exactly.
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, checked.

    Attributes
    ----------
    equation : str
        Number of the equation, or the section.
    statement : str
        What is claimed, in the words of this package.
    paper_value : int, float or str
        What the paper prints, or implies for this case.
    computed_value : int, float or str
        What this package computes.
    verdict : str
        "agrees": computed, demanded by the mathematics and printed are the same. "slip in the
        text": the computed value is what the mathematics demands, and the paper prints something
        else. "disagrees": the computed value is not what the mathematics demands.
    note : str
        Conventions, and slips of the text.
    """

    equation: str
    statement: str
    paper_value: Value
    computed_value: Value
    verdict: Verdict
    note: str


@dataclass(frozen=True)
class Check:
    """Outcome of the computation behind a row.

    Attributes
    ----------
    computed : int, float or Fraction
        What the package computed, the number the verdict is about.
    demanded : int, float or Fraction
        What the mathematics demands, from a formula that shares no code with `computed`. Two
        integers or fractions must be equal, a real number to 12 digits (see `tolerance`).
    text_holds : bool
        Whether the paper's own statement is true of `computed`.
    tolerance : float
        Relative error allowed if one of the two is a real number.
    shown : str
        What the table shows instead of the number itself.
    """

    computed: int | float | Fraction
    demanded: int | float | Fraction
    text_holds: bool = True
    tolerance: float = _TOLERANCE
    shown: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict: first the mathematics, then the text."""
        if not self._is_as_demanded():
            return "disagrees"
        return "agrees" if self.text_holds else "slip in the text"

    @property
    def value(self) -> Value:
        """The computed value as a row shows it."""
        if self.shown:
            return self.shown
        return float(self.computed) if isinstance(self.computed, Fraction) else self.computed

    def _is_as_demanded(self) -> bool:
        if isinstance(self.computed, float) or isinstance(self.demanded, float):
            return math.isclose(self.computed, self.demanded, rel_tol=self.tolerance)
        return self.computed == self.demanded


class Row(NamedTuple):
    """A row that is not computed yet.

    Attributes
    ----------
    title : str
        Equation and statement.
    evaluate : callable
        Computes it.
    """

    title: str
    evaluate: Callable[[], Claim]


class Section:
    """The rows of one part of the paper: one file makes one section.

    Examples
    --------
    >>> section = Section()
    >>> @section.row("26", "one layer is as flat as it can be", paper=1)
    ... def one_layer():
    ...     return Check(computed=7 // 7, demanded=1)
    >>> [claim.verdict for claim in section.claims()]
    ['agrees']
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def row(
        self, equation: str, statement: str, *, paper: Value, note: str = ""
    ) -> Callable[[Callable[[], Check]], Callable[[], Check]]:
        """Register the decorated function as the computation of one row.

        Parameters
        ----------
        equation, statement, note : str
            As in `Claim`.
        paper : int, float or str
            What the paper prints.

        Returns
        -------
        callable
            A decorator that returns the function unchanged.
        """

        def register(compute: Callable[[], Check]) -> Callable[[], Check]:
            def evaluate() -> Claim:
                check = compute()
                return Claim(equation, statement, paper, check.value, check.verdict, note)

            self._rows.append(Row(f"{equation} | {statement}", evaluate))
            return compute

        return register

    def claims(self, *words: str) -> list[Claim]:
        """Compute the rows, in the order of registration.

        Parameters
        ----------
        *words : str
            Only rows with all of these in their titles.

        Returns
        -------
        list of Claim
        """
        return [row.evaluate() for row in self._rows if all(word in row.title for word in words)]
