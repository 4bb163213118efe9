"""The problems. A new one is a file with a tuple ``WORKLOADS`` and a line here."""

from __future__ import annotations

from ..model import Workload
from . import (
    apply_batch,
    apply_network,
    apply_random_chain,
    banded,
    bernoulli,
    closed_form,
    estimates,
    exactness,
    fft_chain,
    flattening,
    gate_accuracy,
    gates,
    hadamard,
    import_time,
    merge,
    multigrid,
    power_law,
    prediction,
    random_chain,
    random_pair,
    unflatten,
)

ALL: tuple[Workload, ...] = (
    *random_pair.WORKLOADS,
    *power_law.WORKLOADS,
    *banded.WORKLOADS,
    *bernoulli.WORKLOADS,
    *random_chain.WORKLOADS,
    *fft_chain.WORKLOADS,
    *closed_form.WORKLOADS,
    *multigrid.WORKLOADS,
    *estimates.WORKLOADS,
    *exactness.WORKLOADS,
    *flattening.WORKLOADS,
    *hadamard.WORKLOADS,
    *apply_random_chain.WORKLOADS,
    *apply_network.WORKLOADS,
    *apply_batch.WORKLOADS,
    *unflatten.WORKLOADS,
    *gates.WORKLOADS,
    *gate_accuracy.WORKLOADS,
    *merge.WORKLOADS,
    *prediction.WORKLOADS,
    *import_time.WORKLOADS,
)
