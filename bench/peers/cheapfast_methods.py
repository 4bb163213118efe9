"""cheapfast with its method forced, to see whether the automatic choice is the best one."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..counting import Counter, Product
from ..results import Answer

#: Steps of about a nanosecond above which a forced method is left out.
MAX_STEPS = 4_000_000_000


class CheapfastMethod(Counter):
    """``cf.synapse_count(net, method=...)``.

    Parameters
    ----------
    method : str
        The method.
    """

    def __init__(self, method: str) -> None:
        self.method = method
        self.name = f"cheapfast-{method}"

    def refuses(self, problem: Product) -> str | None:
        """Take what has matrices and is not far too much work for the method."""
        refusal = super().refuses(problem)
        if refusal is None and self._steps(problem) > MAX_STEPS:
            refusal = f"a forced method of up to {self._steps(problem):.1e} steps may take minutes"
        return refusal

    def _steps(self, problem: Product) -> int:
        if self.method == "bits":  # every entry of every layer, once for each 512 columns
            columns = int(problem.matrices[-1].shape[1])
            return problem.synapses * -(-columns // 512)
        return problem.cost.pairs

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        """Construct the network."""
        net = problem.network()

        def run() -> Answer:
            count = cf.synapse_count(net, method=self.method, threads=threads)
            return Answer(count, net.synapses)

        return run


def forced_methods() -> tuple[CheapfastMethod, ...]:
    """Return one peer for each method that counts matrices.

    Returns
    -------
    tuple of CheapfastMethod
    """
    methods = (method for method in cf.counting.METHODS if method not in {"auto", "closed"})
    return tuple(CheapfastMethod(method) for method in methods)
