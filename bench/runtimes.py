"""What other libraries' threads do while something else is timed: nothing."""

from __future__ import annotations

import os
import warnings

#: OpenMP's threads go on spinning after a call, up to 0.2 s with Intel's runtime, on a core that
#: the next peer is about to use: they are told to sleep instead.
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}


def let_openmp_sleep() -> None:
    """Set the environment that the peers' OpenMP runtimes read when they are loaded."""
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)


def hold_openblas_to_one_thread() -> None:
    """Let OpenBLAS, which NumPy multiplies with, take one core, as the tables say that it does.

    Its threads would also spin on the other core for 80 ms after a product, while the next peer is
    timed. Without threadpoolctl nothing is changed, and a warning says so.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        warnings.warn(
            "NumPy's products may take all cores, and disturb what is timed after them: "
            "pip install threadpoolctl",
            stacklevel=2,
        )
        return
    with warnings.catch_warnings():
        # other libraries that it finds beside each other, as peers bring them, are not touched
        warnings.filterwarnings("ignore", r"\s*Found Intel OpenMP", RuntimeWarning)
        controller = ThreadpoolController()
    controller.select(internal_api="openblas").limit(limits=1)
