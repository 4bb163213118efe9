"""A sum over rows, from rows drawn with probability proportional to a guess of their share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]

#: Draws before the spread is looked at.
PILOT = 64

#: Draws that one call may make.
MOST_DRAWS = 1_000_000

#: How far the ratio of a row of a kind that was never drawn may be from the mean, relative.
UNSEEN = 0.5

#: The next round draws at most so many times what there is: a pilot may be misled.
_GROWTH = 4


@dataclass(frozen=True)
class Sampled:
    """A total and how well it is known.

    Attributes
    ----------
    value : float
        Unbiased estimate of the total.
    standard_error : float
        Of `value`.
    half_width : float
        Of the confidence interval.
    draws : int
        Independent draws.
    """

    value: float
    standard_error: float
    half_width: float
    draws: int

    @property
    def relative(self) -> float:
        """Half the interval's width over the value."""
        return self.half_width / self.value if self.value > 0 else math.inf


def student(values: npt.NDArray[np.float64], confidence: float, unseen: float = 0.0) -> Sampled:
    """Return the mean of independent values with Student's interval.

    Parameters
    ----------
    values : numpy.ndarray of float64
        At least two.
    confidence : float
        Probability that the interval shall hold the mean.
    unseen : float, optional
        Deviation, relative to the mean, of values that may not have been seen yet.

    Returns
    -------
    Sampled

    Notes
    -----
    Draws that are all equal have no spread, yet a share of up to 3/m of what is drawn from may have
    stayed unseen in m draws (the rule of three, at 95 percent). Its possible influence,
    ``unseen / m`` of the mean, is added to the standard error in quadrature.
    """
    from scipy.special import stdtrit

    draws = len(values)
    mean = float(values.mean())
    variance = float(values.var(ddof=1)) / draws + (unseen * mean / draws) ** 2
    error = math.sqrt(variance)
    quantile = float(stdtrit(draws - 1, 0.5 + confidence / 2))
    return Sampled(mean, error, quantile * error, draws)


def more_draws(sampled: Sampled, rel_error: float) -> int:
    """Predict how many more draws reach an error.

    Parameters
    ----------
    sampled : Sampled
        What is known.
    rel_error : float
        Half-width asked for, relative.

    Returns
    -------
    int
        At least 1; at most three times as many as there are.
    """
    factor = min((sampled.relative / rel_error) ** 2 * 1.02, _GROWTH)
    return max(1, math.ceil(sampled.draws * (factor - 1)))


class RowSampler:
    """Draws rows and counts each of them once (Hansen and Hurwitz 1943).

    Parameters
    ----------
    guesses : numpy.ndarray of float64
        A size for each row, 0 exactly where there is nothing to count; overwritten.
    count : callable
        Returns the sizes of the rows that it is given.
    rng : numpy.random.Generator
        Draws.
    """

    def __init__(
        self,
        guesses: npt.NDArray[np.float64],
        count: Callable[[Sizes], Sizes],
        rng: np.random.Generator,
    ) -> None:
        self._cumulated = np.cumsum(guesses, out=guesses)
        self._count = count
        self._rng = rng
        self._known: Sizes = np.empty(0, np.int64)
        self._sizes: Sizes = np.empty(0, np.int64)
        self._ratios: npt.NDArray[np.float64] = np.empty(0)

    @property
    def nothing(self) -> bool:
        """Whether no row has anything to count."""
        return len(self._cumulated) == 0 or self._cumulated[-1] == 0

    @property
    def counted(self) -> int:
        """Rows counted so far, each once."""
        return len(self._known)

    def draw(self, draws: int) -> None:
        """Draw rows with replacement; those that were not counted before are counted.

        Parameters
        ----------
        draws : int
            How many.
        """
        total = self._cumulated[-1]
        # the last row that has a size: a product rounded up to the total must not pass it
        last = np.searchsorted(self._cumulated, total)
        places = self._rng.random(draws) * total
        rows = np.minimum(np.searchsorted(self._cumulated, places, side="right"), last)
        self._learn(np.setdiff1d(rows, self._known))
        sizes = self._sizes[np.searchsorted(self._known, rows)]
        # what the cumulated sums say, not the guesses: the probabilities are theirs, rounding and all
        before = np.where(rows > 0, self._cumulated[rows - 1], 0.0)
        self._ratios = np.append(self._ratios, sizes / (self._cumulated[rows] - before))

    def result(self, confidence: float) -> Sampled:
        """Return the estimate of the total.

        Parameters
        ----------
        confidence : float
            Of the interval.

        Returns
        -------
        Sampled
        """
        return student(self._ratios * self._cumulated[-1], confidence, UNSEEN)

    def _learn(self, fresh: Sizes) -> None:
        sizes = self._count(fresh)
        known = np.concatenate([self._known, fresh])
        order = np.argsort(known, kind="stable")
        self._known, self._sizes = known[order], np.concatenate([self._sizes, sizes])[order]
