"""PyTorch: Fourier transforms, and sparse layers one after another."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import reduce
from typing import Any

from ..networks import NetworkApplier, NetworkProblem


class _Torch(NetworkApplier):
    """What its peers share."""

    packages = ("torch",)
    modules = ("torch",)
    install = "pip install torch"


class TorchFft(_Torch):
    """``torch.fft.fft(X, dim=0)``."""

    name = "torch.fft"
    transforms = ("fourier",)

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        """Borrow the operand."""
        import torch

        x = torch.from_numpy(problem.operand)

        def run() -> Any:
            torch.set_num_threads(threads)
            return torch.fft.fft(x, dim=0)

        return run


class TorchSparse(_Torch):
    """``A @ (B @ X)`` with ``torch.sparse_csr_tensor``."""

    name = "torch"

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        """Convert each layer."""
        import torch

        x = torch.from_numpy(problem.operand)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its CSR tensors call themselves beta
            matrices = [
                torch.sparse_csr_tensor(
                    *(torch.from_numpy(array) for array in (csr.indptr, csr.indices, csr.data)),
                    size=csr.shape,
                )
                # one type for all: its products promote nothing, and permutations are float32
                for csr in (layer.to_csr().astype(problem.dtype) for layer in problem.layers)
            ]

        def run() -> Any:
            torch.set_num_threads(threads)
            return reduce(lambda product, matrix: matrix @ product, matrices, x)

        return run
