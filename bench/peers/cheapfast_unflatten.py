"""`cheapfast.unflatten`, which is not told any order."""

from __future__ import annotations

from collections.abc import Callable

import cheapfast as cf

from ..unflattening import FlatMatrix, Found, Unflattener


class CheapfastUnflatten(Unflattener):
    """``cf.unflatten(matrix)``, its verification included."""

    name = "cheapfast"
    packages = ("cheapfast",)
    most = 1 << 15

    def prepare(self, problem: FlatMatrix, threads: int) -> Callable[[], Found | None]:
        """Search from the matrix as it is."""

        def run() -> Found | None:
            try:
                found = cf.unflatten(problem.matrix, tolerance=problem.tolerance, threads=threads)
            except cf.StructureNotFound:
                return None
            return Found(found.network.apply, found.network.synapses)

        return run
