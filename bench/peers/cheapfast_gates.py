"""The compiled sum, and the whole call with its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cheapfast as cf
from cheapfast import _core

from ..gates import BIAS, Adder, SignSum, SortedSum
from ..model import Peer


class CheapfastGates(Adder):
    """The kernel of method "direct"."""

    name = "cheapfast"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:
        """Call it as the package does."""
        kind, x = _core.SIGMAS.index(problem.sigma), problem.operand
        return lambda: np.array([_core.sign_sum(kind, False, x, BIAS, 1, threads, None)])


class CheapfastFlatProduct(Adder):
    """``gates.flat_product``: the gate with its truncation bound and rounding estimate."""

    name = "cheapfast-flat-product"

    def refuses(self, problem: SignSum) -> str | None:
        """Take the one that is asked about."""
        return None if problem.sigma == "logistic" else "measured for the logistic only"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:
        """Undo the scaling of the gate, once."""
        x = problem.operand
        once = cf.gates.flat_product(x, "logistic", 1.0, BIAS, "sinc").value
        back = problem.expected / once

        def run() -> Any:
            gate = cf.gates.flat_product(x, "logistic", 1.0, BIAS, "direct", threads)
            return np.array([gate.value * back])

        return run


class CheapfastSorted(Peer):
    """Method "sorted"."""

    name = "cheapfast"
    solves = SortedSum

    def prepare(self, problem: SortedSum, threads: int) -> Callable[[], Any]:
        """Call it with Python's integers."""
        x = problem.operand.tolist()

        def run() -> Any:
            return np.array(
                [float(cf.gates.flat_product(x, "relu", 1, 3, "sorted", threads).value)]
            )

        return run
