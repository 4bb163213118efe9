"""What all runs of neighbouring layers would be, merged: nonzeros, and seconds to multiply out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast import _memory
from cheapfast.counting.structural import count_structural
from cheapfast.flattening.sampling import sample_products
from cheapfast.network import Network
from cheapfast.plan.prediction.seconds import Pricer
from cheapfast.plan.prediction.sparse_seconds import Meeting, as_float, product_seconds
from cheapfast.plan.prediction.traffic import Traffic
from cheapfast.support import Support, compose, csr_pattern_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer

#: Index pairs that all exact counts of a plan may take together: about a tenth of a second.
_COUNT_BUDGET = 10**8
_LEAST_COUNT = 10**5  # pairs that any count is charged: its fixed costs
#: Nonzeros of all layers together up to which their rows are sampled.
_MOST_SAMPLED = 1 << 28


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
        self._closed = _closed_products([layer.support for layer in layers])
        self._traffic, self._pairs = self._estimates(report)
        self._exact: dict[tuple[int, int], int] = {}
        self._merged: dict[tuple[int, int], Merged] = {}
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
        found = self._merged.get((start, stop))
        if found is None:
            found = self._merged[start, stop] = self._merge(start, stop)
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
        self._exact[start, stop] = nonzeros
        for key in [key for key in self._merged if key[0] == start and key[1] >= stop]:
            del self._merged[key]

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
        return sum(self._pairs[start, last] for last in range(start + 1, stop))

    def _count(self, start: int, stop: int) -> int:
        net = Network(self._layers[start:stop])
        return count_structural(net, "auto", self._pricer.machine.threads, self._limit).value

    def _merge(self, start: int, stop: int) -> Merged:
        traffic, exact = self._product(start, stop)
        dtype = self._dtype(start, stop)
        build = self._build_seconds(start, stop)
        return Merged(
            nonzeros=round(traffic.nonzeros),
            exact=exact,
            traffic=traffic,
            pairs=self._work(start, stop),
            build_seconds=build,
            apply_seconds=self._pricer.merged(traffic, dtype),
        )

    def _build_seconds(self, start: int, stop: int) -> float:
        total, held = 0.0, 0.0
        for last in range(start + 1, stop):
            product, _ = self._product(start, last + 1)
            dtype = self._dtype(start, last + 1)
            shape = (product.rows, product.columns)
            needed = _csr_bytes(shape, product.nonzeros, dtype)
            if needed + held > self._limit:
                return float("inf")
            held = needed  # the product before, while the next is made of it
            before, _ = self._product(start, last)
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
            total += product_seconds(meeting, dtype, self._pricer.machine)
        return total

    def _product(self, start: int, stop: int) -> tuple[Traffic, bool]:
        """Return the product's traffic and whether its nonzeros are exact."""
        traffic = self._traffic[start, stop - 1]
        exact = self._exact.get((start, stop))
        if exact is None:
            closed = self._closed[start][stop - 1 - start]
            exact = None if closed is None else closed.nnz
        return (traffic, False) if exact is None else (traffic.resized(exact), True)

    def _dtype(self, start: int, stop: int) -> np.dtype[Any]:
        return np.result_type(*(layer.dtype for layer in self._layers[start:stop]))

    def _estimates(
        self, report: Callable[[int, int], None] | None
    ) -> tuple[dict[tuple[int, int], Traffic], dict[tuple[int, int], float]]:
        """Return, for first and last layer, the product and the pairs of its last step."""
        supports = [layer.support for layer in self._layers]
        written = sum(support.csr_bytes for support in supports)
        if sum(support.nnz for support in supports) > _MOST_SAMPLED or 2 * written > self._limit:
            return self._guesses(supports)
        sampled = sample_products([support.to_csr() for support in supports], report)
        traffic, pairs = {}, {}
        for j, products in enumerate(sampled):
            for k, product in enumerate(products):
                traffic[j - k, j] = product.traffic
                if j + 1 < len(supports):
                    pairs[j - k, j + 1] = product.next_pairs
        return traffic, pairs

    def _guesses(
        self, supports: Sequence[Support]
    ) -> tuple[dict[tuple[int, int], Traffic], dict[tuple[int, int], float]]:
        """Do without samples where the layers are too large to be written out: no order assumed."""
        traffic, pairs = {}, {}
        for i, support in enumerate(supports):
            nonzeros = as_float(support.nnz)
            for j in range(i, len(supports)):
                shape = (supports[j].shape[0], support.shape[1])
                met = 0.0
                if j > i:
                    met = (
                        nonzeros
                        * as_float(supports[j].nnz)
                        / max(as_float(supports[j].shape[1]), 1.0)
                    )
                    most = as_float(shape[0]) * as_float(shape[1])
                    closed = self._closed[i][j - i]
                    nonzeros = min(met, most) if closed is None else as_float(closed.nnz)
                a_row = nonzeros / max(as_float(shape[0]), 1.0)
                traffic[i, j] = Traffic(*shape, nonzeros, a_row, a_row, as_float(shape[1]), 0.0)
                pairs[i, j] = met
        return traffic, pairs


def _closed_products(supports: Sequence[Support]) -> list[list[Support | None]]:
    """Products in closed form: entry [i][k] of the layers i to i + k, None where there is none."""
    products = []
    for i, first in enumerate(supports):
        row: list[Support | None] = [first]
        for support in supports[i + 1 :]:
            row.append(None if row[-1] is None else compose(support, row[-1]))
        products.append(row)
    return products


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
