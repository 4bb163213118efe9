"""jax.jit on the CPU: one compiled loop over the high sums."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..gates import Adder, SignSum
from .numpy_gates import MOST


def _jax_on_one_thread() -> Any:
    """Import jax with one thread, as the other peers have in this row.

    XLA makes as many threads as the process may use processors when its first array is made, and no
    flag keeps it from handing each step of a loop over to another one: on two processors that takes
    up to twice as long, now with one of them busy, now with both.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    with _one_processor():
        jax: Any = importlib.import_module("jax")
        importlib.import_module("jax.numpy")
        jax.config.update("jax_enable_x64", True)
        jax.devices()
    return jax


@contextmanager
def _one_processor() -> Iterator[None]:
    """Keep the threads that are made meanwhile on one processor, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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
        jax: Any = _jax_on_one_thread()
        jnp = jax.numpy
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
