"""A sum over rows, from rows drawn with probability proportional to a guess of their share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

#: Rows drawn before their number is decided.
PILOT = 128

#: Draws that one call may make.
MOST_DRAWS = 1_000_000

#: How far the ratio of a row of a kind that was never drawn may be from the mean, relative.
UNSEEN = 0.5

#: A pilot knows the variance to about 15 percent; a second look costs bias.
_MARGIN = 1.3


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


def student(values: Values, confidence: float, unseen: float = 0.0) -> Sampled:
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
    # of the lower tail: 1/2 + confidence/2 may round to 1, where there is no quantile
    quantile = -float(stdtrit(draws - 1, (1 - confidence) / 2))
    return Sampled(mean, error, quantile * error, draws)


@dataclass(frozen=True)
class Plan:
    """How well a mean is to be known, and what that may take.

    Attributes
    ----------
    rel_error : float
        Half-width asked for, relative.
    confidence : float
        Of the interval.
    pilot : int
        Draws from which the number of the others is predicted.
    budget : int
        Most draws.
    unseen : float
        See `student`.
    """

    rel_error: float
    confidence: float
    pilot: int
    budget: int
    unseen: float = 0.0


def mean_by_draws(draw: Callable[[int], Values], plan: Plan) -> Sampled:
    """Draw until the mean is known well enough, or the budget is out of reach.

    Parameters
    ----------
    draw : callable
        Returns so many independent values.
    plan : Plan
        What is asked for.

    Returns
    -------
    Sampled
        Its relative half-width is above ``plan.rel_error`` where that was not reached; the number
        of draws that it would have taken is then `predicted_draws`.

    Notes
    -----
    The pilot only says how many draws follow, and is not part of their mean: stopping where the
    spread happens to look small would favour low values, and the mean would be biased.
    """
    result = student(draw(plan.pilot), plan.confidence, plan.unseen)
    if result.relative <= plan.rel_error or predicted_draws(result, plan) > 2 * plan.budget:
        return result
    values: Values = np.empty(0)
    wanted = predicted_draws(result, plan)
    while True:
        values = np.append(values, draw(min(wanted, plan.budget) - len(values)))
        result = student(values, plan.confidence, plan.unseen)
        if result.relative <= plan.rel_error or result.draws >= plan.budget:
            return result
        wanted = max(predicted_draws(result, plan), result.draws + plan.pilot)


def predicted_draws(result: Sampled, plan: Plan) -> int:
    """Predict how many draws reach the error that is asked for, with a margin.

    Parameters
    ----------
    result : Sampled
        From fewer draws.
    plan : Plan
        What is asked for.

    Returns
    -------
    int
    """
    if math.isinf(result.relative):
        return plan.budget
    return math.ceil(_MARGIN * result.draws * squared(result.relative / plan.rel_error))


def squared(ratio: float) -> float:
    """Square a ratio of errors, to which draws are proportional.

    Parameters
    ----------
    ratio : float
        May be infinite: the quotient by an error that is hardly above 0.

    Returns
    -------
    float
        At most 1e30, which is out of reach whatever follows.
    """
    return min(ratio, 1e15) ** 2


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
        guesses: Values,
        count: Callable[[Sizes], Sizes],
        rng: np.random.Generator,
    ) -> None:
        self._cumulated = np.cumsum(guesses, out=guesses)
        self._count = count
        self._rng = rng
        self._known: Sizes = np.empty(0, np.int64)
        self._sizes: Sizes = np.empty(0, np.int64)

    @property
    def nothing(self) -> bool:
        """Whether no row has anything to count."""
        return len(self._cumulated) == 0 or self._cumulated[-1] == 0

    def draw(self, draws: int) -> Values:
        """Draw rows with replacement; those that were not counted before are counted.

        Parameters
        ----------
        draws : int
            How many.

        Returns
        -------
        numpy.ndarray of float64
            Independent values, each with the total as its mean.
        """
        total = self._cumulated[-1]
        # the last row that has a size: a product rounded up to the total must not pass it
        last = np.searchsorted(self._cumulated, total)
        places = self._rng.random(draws) * total
        rows = np.minimum(np.searchsorted(self._cumulated, places, side="right"), last)
        self._learn(rows)
        sizes = self._sizes[np.searchsorted(self._known, rows)]
        # the probabilities are those of the cumulated sums, rounding and all
        before = np.where(rows > 0, self._cumulated[rows - 1], 0.0)
        values: Values = sizes / (self._cumulated[rows] - before) * total
        return values

    def _learn(self, rows: Sizes) -> None:
        """Count the rows that were not counted before."""
        ascending = np.sort(rows)
        ascending = ascending[np.append(True, ascending[1:] != ascending[:-1])]
        if len(self._known):
            places = np.minimum(np.searchsorted(self._known, ascending), len(self._known) - 1)
            ascending = ascending[self._known[places] != ascending]
        fresh: Sizes = ascending
        sizes = self._count(fresh)
        known = np.concatenate([self._known, fresh])
        order = np.argsort(known, kind="stable")
        self._known, self._sizes = known[order], np.concatenate([self._sizes, sizes])[order]
