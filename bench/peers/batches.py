"""Networks applied to batches: cheapfast, and SciPy's sparse matrices layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

import cheapfast as cf

from ..applying import Array
from ..batches import Batch
from ..model import Peer


class CheapfastBatch(Peer):
    """``net.apply(X, axis=1)``."""

    name = "cheapfast"
    solves = Batch

    def prepare(self, problem: Batch, threads: int) -> Callable[[], Any]:
        """Do nothing: weights are packed in the first call, which is not timed."""
        net, x = problem.network, problem.operand
        return lambda: net.apply(x, axis=1, threads=threads)


class ScipyBatch(Peer):
    """``X @ A.T + bias`` with CSR matrices, and NumPy's maximum where the network has a ReLU."""

    name = "scipy"
    solves = Batch
    packages = ("scipy",)
    threaded = False

    def prepare(self, problem: Batch, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Write each layer out, transposed once."""
        steps, x = [_step(layer) for layer in problem.network], problem.operand
        return lambda: reduce(lambda between, step: step(between), steps, x)


def _step(layer: cf.Layer) -> Callable[[Array], Array]:
    if isinstance(layer, cf.Activation):
        assert layer.name == "relu"
        return lambda x: np.maximum(x, 0)
    transposed, bias = layer.to_csr().T.tocsr(), layer.bias
    if bias is None:
        return lambda x: x @ transposed
    return lambda x: x @ transposed + bias
