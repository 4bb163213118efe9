"""What all runs of neighbouring layers would be, merged: nonzeros, and seconds to multiply out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast.counting.structural import count_structural
from cheapfast.flattening.estimates import closed_products, estimated
from cheapfast.network import Network
from cheapfast.plan.prediction.product_seconds import Meeting, product_seconds
from cheapfast.plan.prediction.seconds import Pricer
from cheapfast.plan.prediction.traffic import Traffic
from cheapfast.support import csr_pattern_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]

#: Index pairs that all exact counts of a plan may take together: about a tenth of a second.
_COUNT_BUDGET = 10**8
_LEAST_COUNT = 10**5  # pairs that any count is charged: its fixed costs


@dataclass(frozen=True)
class Merged:
    """A run of neighbours as one sparse layer.

    Parameters
    ----------
    nonzeros : int
        Of the product.
    exact : bool
        Whether that is the structural count, or an estimate.
    traffic : Traffic
        What applying it reads.
    pairs : float
        Pairs of nonzeros that meet on the way to it, estimated.
    build_seconds : float
        To multiply it out; infinite where it would not fit in memory.
    apply_seconds : float
        To apply it once, as part of a chain of sparse layers.
    """

    nonzeros: int
    exact: bool
    traffic: Traffic
    pairs: float
    build_seconds: float
    apply_seconds: float


class Intervals:
    """All runs of neighbours of a linear run, merged; exact counts are made on demand.

    Parameters
    ----------
    layers : sequence of Layer
        Linear, with known supports; biases do not matter.
    pricer : Pricer
    memory_limit : int
        Bytes that a product, and what multiplying it out stores, may take.
    report : callable, optional
        Called as ``report(done, total)``.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        pricer: Pricer,
        memory_limit: int,
        report: Callable[[int, int], None] | None = None,
    ) -> None:
        self._layers = tuple(layers)
        self._pricer, self._limit = pricer, memory_limit
        supports = [layer.support for layer in layers]
        self._closed = closed_products(supports)
        self._traffic, self._pairs = estimated(supports, self._closed, memory_limit, report)
        self._works, self._dtypes = self._works_of_all(), self._dtypes_of_all()
        self._products: dict[tuple[int, int], tuple[Traffic, bool]] = {}
        # for each start, by stop; and the seconds to multiply two, three, ... layers out
        self._merged: list[dict[int, Merged]] = [{} for _ in self._layers]
        self._ahead: list[tuple[Array, Array] | None] = [None for _ in self._layers]
        self._built: list[list[float]] = [[0.0] for _ in self._layers]
        # layers of the same kind often have products of the same kind
        self._met: dict[tuple[Meeting, np.dtype[Any]], float] = {}
        self._applied: dict[tuple[Traffic, np.dtype[Any]], float] = {}
        self._budget = _COUNT_BUDGET // 2
        self._count_cheapest()
        self._budget += _COUNT_BUDGET // 2

    def __len__(self) -> int:
        return len(self._layers)

    def merged(self, start: int, stop: int) -> Merged:
        """Return what the layers `start` to `stop - 1` would be as one.

        Parameters
        ----------
        start, stop : int
            Two layers at least.

        Returns
        -------
        Merged
        """
        found = self._merged[start].get(stop)
        if found is None:
            found = self._merged[start][stop] = self._merge(start, stop)
        return found

    def ahead(self, start: int) -> tuple[Array, Array]:
        """Return what all products take that start at the same layer.

        Parameters
        ----------
        start : int

        Returns
        -------
        build, apply : ndarray
            Seconds of two layers merged, of three, ...
        """
        found = self._ahead[start]
        if found is None:
            merged = [self.merged(start, stop) for stop in range(start + 2, len(self) + 1)]
            build = np.array([one.build_seconds for one in merged])
            apply = np.array([one.apply_seconds for one in merged])
            found = self._ahead[start] = (build, apply)
        return found

    def refine(self, start: int, stop: int) -> bool:
        """Count a run exactly if it is not and that is cheap.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        bool
            Whether something changed.
        """
        known = self.merged(start, stop)
        work = max(known.pairs, _LEAST_COUNT)
        if known.exact or work > self._budget:
            return False
        self._budget -= int(work)
        self.set_exact(start, stop, self._count(start, stop))
        return True

    def set_exact(self, start: int, stop: int, nonzeros: int) -> None:
        """Put an exact count in the place of an estimate.

        Parameters
        ----------
        start, stop : int
        nonzeros : int
        """
        self._products[start, stop] = self._traffic[start, stop - 1].resized(nonzeros), True
        known = self._merged[start]
        self._merged[start] = {end: known[end] for end in known if end < stop}
        self._ahead[start] = None
        del self._built[start][max(stop - start - 1, 1) :]

    def _count_cheapest(self) -> None:
        """Count the products of which that takes least."""
        size = len(self)
        runs = [(start, stop) for start in range(size) for stop in range(start + 2, size + 1)]
        for start, stop in sorted(runs, key=lambda run: self._work(*run)):
            if self._work(start, stop) > self._budget:
                break
            self.refine(start, stop)

    def _work(self, start: int, stop: int) -> float:
        """Return the pairs of nonzeros that meet on the way to a product."""
        return self._works[start][stop - start - 1]

    def _works_of_all(self) -> list[list[float]]:
        size = len(self)
        return [
            list(accumulate((self._pairs[start, i] for i in range(start + 1, size)), initial=0.0))
            for start in range(size)
        ]

    def _count(self, start: int, stop: int) -> int:
        net = Network(self._layers[start:stop])
        return count_structural(net, "auto", self._pricer.machine.threads, self._limit).value

    def _merge(self, start: int, stop: int) -> Merged:
        traffic, exact = self._product(start, stop)
        dtype = self._dtype(start, stop)
        apply_seconds = self._applied.get((traffic, dtype))
        if apply_seconds is None:
            apply_seconds = self._pricer.merged(traffic, dtype)
            self._applied[traffic, dtype] = apply_seconds
        return Merged(
            nonzeros=round(traffic.nonzeros),
            exact=exact,
            traffic=traffic,
            pairs=self._work(start, stop),
            build_seconds=self._build_seconds(start, stop),
            apply_seconds=apply_seconds,
        )

    def _build_seconds(self, start: int, stop: int) -> float:
        built = self._built[start]
        while len(built) < stop - start:
            built.append(built[-1] + self._step_seconds(start, start + len(built)))
        return built[stop - start - 1]

    def _step_seconds(self, start: int, last: int) -> float:
        """Predict what multiplying a layer with the product before it takes."""
        product, _ = self._product(start, last + 1)
        before, _ = self._product(start, last)
        dtype = self._dtype(start, last + 1)
        needed = _csr_bytes((product.rows, product.columns), product.nonzeros, dtype)
        if last > start + 1:  # the product before is held while the next is made of it
            shape = (before.rows, before.columns)
            needed += _csr_bytes(shape, before.nonzeros, self._dtype(start, last))
        if needed > self._limit:
            return float("inf")
        sampled = self._traffic[start, last - 1].nonzeros  # what the pairs were estimated with
        left = self._traffic[last, last]
        meeting = Meeting(
            left=float(left.nonzeros),
            pairs=self._pairs[start, last] * before.nonzeros / max(sampled, 1.0),
            product=float(product.nonzeros),
            columns=product.columns,
            uneven=max(left.uneven, before.uneven),
            words=product.words,
        )
        seconds = self._met.get((meeting, dtype))
        if seconds is None:
            seconds = product_seconds(meeting, dtype, self._pricer.machine)
            self._met[meeting, dtype] = seconds
        return seconds

    def _product(self, start: int, stop: int) -> tuple[Traffic, bool]:
        """Return the product's traffic and whether its nonzeros are exact."""
        found = self._products.get((start, stop))
        if found is None:
            traffic = self._traffic[start, stop - 1]
            closed = self._closed[start][stop - 1 - start]
            found = (traffic, False) if closed is None else (traffic.resized(closed.nnz), True)
            self._products[start, stop] = found
        return found

    def _dtype(self, start: int, stop: int) -> np.dtype[Any]:
        return self._dtypes[start][stop - start - 1]

    def _dtypes_of_all(self) -> list[list[np.dtype[Any]]]:
        dtypes = [layer.dtype for layer in self._layers]
        return [list(accumulate(dtypes[start:], np.result_type)) for start in range(len(self))]


def _csr_bytes(shape: tuple[int, int], nonzeros: float, dtype: np.dtype[Any]) -> int:
    entries = round(min(nonzeros, 1e300))
    return csr_pattern_bytes(shape, entries) + entries * dtype.itemsize


def available(memory_limit: int | str | None) -> int:
    """Return the bytes that may be used.

    Parameters
    ----------
    memory_limit : int, str or None

    Returns
    -------
    int
    """
    limit = _memory.parse_bytes(memory_limit)
    return _memory.available_bytes() if limit is None else limit
