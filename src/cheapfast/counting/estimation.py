"""What an estimate asks for and gives, wherever the rows are counted: here, or on a cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cheapfast._tables import html_facts
from cheapfast._validate import choice, real
from cheapfast.counting.cohen import cohen_total
from cheapfast.counting.registers import SKETCH_ERROR, error_of_rows, sizes_of
from cheapfast.counting.sampling import (
    MOST_DRAWS,
    PILOT,
    UNSEEN,
    Plan,
    RowSampler,
    Sampled,
    mean_by_draws,
    predicted_draws,
    squared,
)
from cheapfast.support import Support

#: What `method` may be: "auto" counts exactly where that is no dearer.
ESTIMATE_METHODS = ("auto", "hyperloglog", "cohen")

#: Rows for each row drawn up to which all are counted: drawn rows are the long ones.
_FEW_ROWS = 4

#: Operations of some hundred picoseconds up to which counting 512 columns at a time takes no longer
#: than a sketch and its draws.
_CHEAP_WORK = 4_000_000
_COLUMNS_TOGETHER = 512

#: The pilot is the whole sample where sketches are as good as the theory says and that is not many
#: rows: more than the theory asks for, so that it hardly ever depends on luck whether it suffices.
_PILOT_SHARE = 1.15
_LARGE_PILOT = 1024


@dataclass(frozen=True, repr=False)
class Estimate:
    """An estimated number of synapses, and how far it may be off.

    Attributes
    ----------
    value : float or int
        Estimate of the structural count; an int where it is exact.
    standard_error : float
        Of `value`, estimated from the same draws; 0 where the count is exact.
    interval : tuple of float
        Confidence interval (low, high).
    confidence : float
        Probability with which such intervals hold the true count.
    method : str
        "hyperloglog", "cohen", or "exact" where all was counted after all.
    """

    value: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    method: str

    @classmethod
    def exact(cls, count: int, confidence: float) -> Estimate:
        """Return a count as an estimate without error.

        Parameters
        ----------
        count : int
            Exact.
        confidence : float
            What was asked for.

        Returns
        -------
        Estimate
        """
        return cls(count, 0.0, (count, count), confidence, "exact")

    def __repr__(self) -> str:
        if self.method == "exact":
            return f"Estimate({self.value}, exact)"
        low, high = self.interval
        return (
            f"Estimate({self.value:.6g} +- {self.standard_error:.2g}, {self.confidence:g} "
            f"confidence: {low:.6g} to {high:.6g}, method={self.method!r})"
        )

    def _repr_html_(self) -> str:
        low, high = self.interval
        exact = self.method == "exact"
        rows = (
            ("synapses", f"{self.value:,}" if exact else f"{self.value:,.0f}"),
            ("standard error", f"{self.standard_error:,.0f}"),
            (
                f"{100 * self.confidence:g}% confidence",
                "exact" if exact else f"{low:,.0f} to {high:,.0f}",
            ),
            ("method", self.method),
        )
        return html_facts(rows)


class Rows(Protocol):
    """Who sketches and counts the rows of a product. The answers do not depend on who it is."""

    def sums(self, seed: int) -> npt.NDArray[np.uint64]:
        """Return the sums over the registers of every row; see `sizes_of`."""

    def counts(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the nonzeros of some rows."""

    def batches(self, seeds: list[int]) -> npt.NDArray[np.float64]:
        """Return Cohen's estimate of the total for each seed."""


@dataclass(frozen=True)
class Question:
    """The arguments of an estimate, checked.

    Parameters
    ----------
    rel_error, confidence : float
        Between 0 and 1.
    method : str
        One of `ESTIMATE_METHODS`.

    Raises
    ------
    TypeError, ValueError
        If one is out of range.
    """

    rel_error: float
    confidence: float
    method: str

    def __post_init__(self) -> None:
        for name in ("rel_error", "confidence"):
            object.__setattr__(self, name, between_0_and_1(getattr(self, name), name))
        choice(self.method, "method", ESTIMATE_METHODS)

    def exact_is_cheaper(self, supports: list[Support]) -> bool:
        """Say whether counting everything takes no longer than the draws, and may be done.

        Parameters
        ----------
        supports : list of Support
            In matrix order.

        Returns
        -------
        bool
        """
        if self.method != "auto":
            return False
        batches = -(-supports[-1].shape[1] // _COLUMNS_TOGETHER)
        few_rows = supports[0].shape[0] <= max(_FEW_ROWS * self._draws(), PILOT)
        return few_rows or batches * sum(s.nnz for s in supports) <= _CHEAP_WORK

    def require_reachable(self) -> None:
        """Refuse an error that would take too many drawn rows.

        Raises
        ------
        ValueError
            If it would.
        """
        if self.method != "cohen" and self._draws() > MOST_DRAWS:
            raise ValueError(
                f"rel_error={self.rel_error:g} needs about {self._draws():,} sampled rows, more "
                f"than the budget of {MOST_DRAWS:,}: ask for a larger rel_error, or count exactly "
                "with synapse_count"
            )

    def answer(self, rows: Rows, rng: np.random.Generator) -> Estimate:
        """Draw until the interval is narrow enough.

        Parameters
        ----------
        rows : Rows
            Who sketches and counts them.
        rng : numpy.random.Generator
            Source of the hash and of the draws.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If the error asked for is out of reach.
        """
        if self.method == "cohen":
            found = cohen_total(rows.batches, self.rel_error, self.confidence, rng)
        else:
            found = self._sampled(rows, rng)
        low, high = found.value - found.half_width, found.value + found.half_width
        return Estimate(
            found.value,
            found.standard_error,
            (max(low, 0.0), high),
            self.confidence,
            "cohen" if self.method == "cohen" else "hyperloglog",
        )

    def _draws(self, spread: float = SKETCH_ERROR) -> int:
        """Draws that reach the error if sketches are as good as the theory of large sets says."""
        from scipy.special import ndtri

        # of the lower tail: 1/2 + confidence/2 may round to 1, where there is no quantile
        quantile = -float(ndtri((1 - self.confidence) / 2))
        return math.ceil(squared(quantile * spread / self.rel_error))

    def _sampled(self, rows: Rows, rng: np.random.Generator) -> Sampled:
        """Sketch all rows, then draw and count."""
        seed = int(rng.integers(2**64, dtype=np.uint64))
        sizes = sizes_of(rows.sums(seed))
        typical = float(sizes @ sizes) / max(float(sizes.sum()), 1.0)
        sampler = RowSampler(sizes, rows.counts, rng)
        if sampler.nothing:
            return Sampled(0.0, 0.0, 0.0, 0)
        wanted = math.ceil(_PILOT_SHARE * self._draws(error_of_rows(typical)))
        pilot = min(max(PILOT, wanted), _LARGE_PILOT)
        plan = Plan(self.rel_error, self.confidence, pilot, MOST_DRAWS, UNSEEN)
        result = mean_by_draws(sampler.draw, plan)
        if result.relative > self.rel_error:
            raise ValueError(
                f"rel_error={self.rel_error:g} needs about {predicted_draws(result, plan):,} "
                f"sampled rows, the budget is {MOST_DRAWS:,}; after {result.draws:,} the "
                f"half-width is {result.relative:.2g}: ask for a larger rel_error, or count "
                "exactly with synapse_count"
            )
        return result


def between_0_and_1(value: object, name: str) -> float:
    """Return a number strictly between 0 and 1.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is out of range, or NaN.
    """
    number = real(value, name, "a number between 0 and 1")
    if not 0.0 < number < 1.0:
        raise ValueError(f"{name} must be above 0 and below 1, got {value!r}")
    return number
