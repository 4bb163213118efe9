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
from pathlib import Path
from typing import Any

import numpy as np

from .model import Answer, Peer, Problem, Workload
from .results import Figure, Mismatch, Results, Skip
from .timing import Settings, label, refusal

#: Stays in front of the child's report, whatever a library prints.
MARK = "peak-memory:"


def measure_memory(
    workload: Workload, problem: Problem, peers: Sequence[Peer], settings: Settings
) -> Results:
    """Measure how far each peer's memory rises above the loaded input.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : Problem
        The workload at one size.
    peers : sequence of Peer
        Who takes part.
    settings : Settings
        How to measure; every peer runs once.

    Returns
    -------
    Results
        Without figures if the answers differ.
    """
    results = Results()
    if sys.platform == "win32":
        results.skips.append(Skip(workload.name, "*", "peak memory is not measured on Windows"))
        return results
    reports: dict[tuple[str, int], tuple[float, Answer]] = {}
    with tempfile.TemporaryDirectory() as folder:
        save(problem, Path(folder))
        for peer in peers:
            reason = refusal(peer, problem)
            if reason is not None:
                results.skips.append(Skip(workload.name, peer.name, reason))
                continue
            for threads in settings.threads if peer.threaded else (1,):
                try:
                    reports[peer.name, threads] = _run_child(folder, peer.name, threads)
                except ChildProcessError as error:
                    results.skips.append(Skip(workload.name, label(peer.name, threads), str(error)))
    answers = {label(*key): answer for key, (_, answer) in reports.items()}
    if problem.flat is not None:
        answers["formula"] = Answer(problem.flat, problem.synapses)
    if len(set(answers.values())) > 1:
        results.mismatches.append(Mismatch(workload.name, answers))
        return results
    voices = {peer for peer, _ in reports} | ({"formula"} & answers.keys())
    for (peer_name, threads), (peak, answer) in reports.items():
        results.figures.append(
            Figure(
                workload.name,
                workload.measure,
                peer_name,
                threads,
                (peak,),
                answer,
                checked=len(voices) > 1,
            )
        )
    return results


def save(problem: Problem, folder: Path) -> None:
    """Write the matrices of a problem; a matrix or array that occurs twice is written once.

    Parameters
    ----------
    problem : Problem
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


def load(folder: Path) -> Problem:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : Path
        Where.

    Returns
    -------
    Problem
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
    return Problem(tuple(matrices))


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
