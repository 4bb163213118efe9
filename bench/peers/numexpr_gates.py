"""numexpr, a table of low sums at a time."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..gates import Adder, SignSum
from .numpy_gates import MOST

_EXPRESSIONS = {
    "exp": "exp({})",
    "gauss": "exp(-({0}) * ({0}))",
    "logistic": "1 / (1 + exp(-({})))",
    "relu": "where({0} > 0, {0}, 0)",
    "sin": "sin({})",
    "softplus": "where({0} > 0, {0}, 0) + log1p(exp(-abs({0})))",
    "tanh": "tanh({})",
}


class NumexprGates(Adder):
    """``numexpr.evaluate("sum(...)")``."""

    name = "numexpr"
    packages = ("numexpr",)
    modules = ("numexpr",)
    install = "pip install numexpr"

    def refuses(self, problem: SignSum) -> str | None:
        """Take what is over in seconds."""
        return None if problem.n <= MOST else f"takes minutes beyond n = {MOST}"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:
        """Write the expression out."""
        numexpr: Any = importlib.import_module("numexpr")

        plus, minus, high, signs = problem.tables()
        form = _EXPRESSIONS[problem.sigma]
        text = f"sum(({form.format('(plus + h)')}) - ({form.format('(minus + h)')}))"

        def run() -> Any:
            numexpr.set_num_threads(threads)
            parts = [
                sign * float(numexpr.evaluate(text, {"plus": plus, "minus": minus, "h": middle}))
                for middle, sign in zip(high, signs, strict=True)
            ]
            return np.array([np.sum(parts)])

        return run
