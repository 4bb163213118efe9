"""Draw the figures of explanation/gates.rst: ``python docs/figures/gates.py`` writes them here."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

import cheapfast as cf

HERE = Path(__file__).parent


def neurons() -> None:
    """Compare neurons and errors of the flat gate and the tree."""
    sizes = np.arange(2, 33)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    costs = [cf.gates.flattening_cost(int(n)) for n in sizes]
    left.semilogy(sizes, [float(cost.flat_neurons) for cost in costs], label="flat, 2^n")
    left.semilogy(sizes, [cost.deep_neurons for cost in costs], label="tree, 4(n - 1)")
    left.set(xlabel="n", ylabel="neurons")
    rng = np.random.default_rng(0)
    for name in ("exp", "logistic"):
        flat = [cf.gates.gate_parameters(int(n), name) for n in sizes]
        # of all draws within the radius; above 1 there is nothing to see
        errors = [min(1.0, gate.truncation_bound + gate.rounding_estimate) for gate in flat]
        right.semilogy(sizes, errors, label=f"flat, {name}")
    deep = []
    for n in sizes:
        x = rng.uniform(0.5, 1.5, (200, int(n)))
        error = cf.gates.tree_product(x).value / x.prod(axis=1) - 1
        deep.append(float(np.sqrt(np.mean(error**2))))
    right.semilogy(sizes, deep, label="tree, logistic")
    right.set(xlabel="n", ylabel="relative error")
    for axes in (left, right):
        axes.legend(frameon=False)
    figure.savefig(HERE / "gate_neurons.svg", metadata={"Date": None})


def surface() -> None:
    """Draw the error for two numbers over scale and bias."""
    biases, scales = np.linspace(-4, 4, 121), np.geomspace(1e-5, 0.3, 90)
    errors = np.full((len(scales), len(biases)), np.nan)
    for j, bias in enumerate(biases):
        for i, scale in enumerate(scales):
            try:
                gate = cf.gates.gate_parameters(2, "logistic", float(scale), float(bias))
            except ValueError:
                continue  # the second derivative vanishes at 0
            errors[i, j] = gate.truncation_bound + gate.rounding_estimate
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    levels = np.log10(np.clip(errors, 1e-12, 1))
    image = axes.contourf(biases, scales, levels, levels=np.arange(-12, 0.5, 1.0), cmap="viridis")
    chosen = cf.gates.gate_parameters(2, "logistic")
    axes.plot(chosen.bias, chosen.scale, "o", color="white", markeredgecolor="black")
    axes.set(xlabel="bias", ylabel="scale", yscale="log")
    figure.colorbar(image, label="log10 of the largest error on [-1, 1]^2")
    figure.savefig(HERE / "gate_surface.svg", metadata={"Date": None})


if __name__ == "__main__":
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "cheapfast"
    neurons()
    surface()
