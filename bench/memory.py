"""Peak memory of a count, each in a process of its own.

The parent writes the matrices to files and the child loads them, so that nothing that was needed to
*generate* them is in the child's memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .counting import Product, agree, figures_of
from .entering import entries, first_runs
from .model import Peer, Workload
from .results import Answer, Results, Skip
from .timing import Contestant, Settings

#: Stays in front of the child's report, whatever a library prints.
MARK = "peak-memory:"


def measure_memory(
    workload: Workload, problem: Product, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Measure how far each peer's memory rises above the loaded input; every peer runs once.

    Parameters and result are those of `time_counts`.
    """
    results = Results()
    if sys.platform == "win32":
        results.skips.append(Skip(workload.name, "*", "peak memory is not measured on Windows"))
        return results
    with tempfile.TemporaryDirectory() as folder:
        save(problem, Path(folder))
        contestants = [
            Contestant(peer.name, threads, partial(_run_child, folder, peer.name, threads))
            for peer, threads in entries(workload, problem, peers, settings, results)
        ]
        reports = list(first_runs(workload, contestants, results))
    for entry, (peak, _) in reports:
        entry.values.append(peak)
    ready = [entry for entry, _ in reports]
    answers = {entry.label: answer for entry, (_, answer) in reports}
    if agree(workload, problem, answers, results):
        results.figures += figures_of(workload, problem, ready, answers)
    return results


def save(problem: Product, folder: Path) -> None:
    """Write the matrices of a problem; a matrix or array that occurs twice is written once.

    Parameters
    ----------
    problem : Product
        What to write.
    folder : Path
        An empty folder.
    """
    written: dict[int, str] = {}
    index = []
    for matrix in problem.matrices:
        names = []
        for array in (matrix.data, matrix.indices, matrix.indptr):
            key = int(array.__array_interface__["data"][0])
            if key not in written:
                written[key] = f"{len(written)}.npy"
                np.save(folder / written[key], array)
            names.append(written[key])
        index.append({"shape": list(matrix.shape), "arrays": names})
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def load(folder: Path) -> Product:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : Path
        Where.

    Returns
    -------
    Product
    """
    import scipy.sparse as sps

    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    arrays: dict[str, Any] = {}
    matrices = []
    for entry in index:
        for name in entry["arrays"]:
            if name not in arrays:
                arrays[name] = np.load(folder / name)
        data = tuple(arrays[name] for name in entry["arrays"])
        matrices.append(sps.csr_array(data, shape=tuple(entry["shape"]), copy=False))
    return Product(tuple(matrices))


def _run_child(folder: str, peer: str, threads: int) -> tuple[float, Answer]:
    command = [sys.executable, "-m", f"{__package__}.memory_child", folder, peer, str(threads)]
    # the child must find the same copy of the package, wherever this one came from
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    for line in child.stdout.splitlines():
        if line.startswith(MARK):
            report = json.loads(line.removeprefix(MARK))
            return float(report["peak"]), Answer(report["flat"], report["deep"])
    last = (child.stderr.strip().splitlines() or ["no message"])[-1]
    raise ChildProcessError(f"exit code {child.returncode}: {last}")
