"""jax.jit on the CPU: one compiled loop over the high sums."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..gates import Adder, SignSum
from .numpy_gates import MOST


class JaxGates(Adder):
    """``jax.lax.fori_loop`` over tables, in float64 and on one thread."""

    name = "jax"
    packages = ("jax", "jaxlib")
    modules = ("jax",)
    install = "pip install jax"
    threaded = False

    def refuses(self, problem: SignSum) -> str | None:
        """Take what is over in seconds."""
        return None if problem.n <= MOST else f"takes minutes beyond n = {MOST}"

    def prepare(self, problem: SignSum, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Compile."""
        # read when jax is first imported; one thread, as the other peers have in this row
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
        jax: Any = importlib.import_module("jax")
        jnp: Any = importlib.import_module("jax.numpy")

        jax.config.update("jax_enable_x64", True)
        function = {
            "exp": jnp.exp,
            "gauss": lambda u: jnp.exp(-u * u),
            "logistic": jax.nn.sigmoid,
            "relu": lambda u: jnp.maximum(u, 0),
            "sin": jnp.sin,
            "softplus": jax.nn.softplus,
            "tanh": jnp.tanh,
        }[problem.sigma]

        @jax.jit  # type: ignore[untyped-decorator]
        def total(plus: Any, minus: Any, high: Any, signs: Any) -> Any:
            def step(k: Any, so_far: Any) -> Any:
                difference = function(plus + high[k]) - function(minus + high[k])
                return so_far + signs[k] * difference.sum()

            return jax.lax.fori_loop(0, high.shape[0], step, 0.0)

        tables = [jnp.asarray(table) for table in problem.tables()]
        return lambda: np.array([float(total(*tables))])
