"""Draw merging.svg, the picture of the tutorial "Fuse or apply?"; run it again to redraw."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyamg
import scipy.sparse as sps
from matplotlib import pyplot as plt

import cheapfast as cf


def galerkin(side: int) -> cf.Network:
    """R A P of smoothed aggregation."""
    operator = pyamg.gallery.poisson((side, side, side), format="csr")
    fine = pyamg.smoothed_aggregation_solver(operator, max_coarse=10).levels[0]
    return cf.chain(fine.R, fine.A, fine.P)


def pruned_stack() -> cf.Network:
    """Four layers of 1000 features, 0.4% to 6.4% of the weights left."""
    rng = np.random.default_rng(0)
    return cf.Network(
        [
            cf.Sparse(sps.random(1000, 1000, density, "csr", random_state=rng), np.ones(1000))
            for density in (0.004, 0.01, 0.026, 0.064)
        ]
    )


def main() -> None:
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "merging", "font.size": 9})
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    titles = ("R A P, Poisson on 40^3 points", "a pruned stack of four layers")
    for ax, title, net in zip(axes, titles, (galerkin(40), pruned_stack()), strict=True):
        plan = cf.plan_merge(net, objective="time", applications=1000, threads=1)
        plan.plot(ax).set_title(title)
    path = Path(__file__).with_suffix(".svg")
    figure.savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
