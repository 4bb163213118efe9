"""The picture of a benchmark run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cheapfast.bench import plot


def run_of(*figures: tuple[str, str, int, float], measure: str = "time") -> dict[str, Any]:
    return {
        "machine": {"cpu": "some CPU", "active_target": "avx2", "date": "2026-01-01T00:00:00"},
        "figures": [
            {"workload": w, "peer": p, "threads": t, "minimum": s, "measure": measure}
            for w, p, t, s in figures
        ],
    }


RUN = run_of(
    ("random", "cheapfast", 1, 2.0),
    ("random", "cheapfast", 2, 1.0),
    ("random", "cheapfast-stamps", 1, 3.0),
    ("random", "scipy", 1, 8.0),
    ("random", "mkl", 2, 5.0),
    ("alone", "cheapfast", 1, 1.0),
)


def test_ratios() -> None:
    assert plot.ratios(RUN) == {"random": {"scipy": 4.0}}
    assert plot.ratios(RUN, threads=2) == {"random": {"scipy": 8.0, "mkl": 5.0}}


def test_topics() -> None:
    applied = run_of(("wht", "cheapfast", 1, 1.0), ("wht", "ffht", 1, 2.0), measure="apply")
    both = {**RUN, "figures": RUN["figures"] + applied["figures"]}
    assert plot.ratios(both) == {"random": {"scipy": 4.0}, "wht": {"ffht": 2.0}}
    assert plot.ratios(both, only="count") == {"random": {"scipy": 4.0}}
    assert plot.ratios(both, only="apply") == {"wht": {"ffht": 2.0}}
    assert plot.ratios({**RUN, "figures": [{**RUN["figures"][0], "measure": "memory"}]}) == {}


def test_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    results, picture = tmp_path / "run.json", tmp_path / "run.svg"
    results.write_text(json.dumps(RUN), encoding="utf-8")
    answer = CliRunner().invoke(plot.main, [str(results), str(picture), "--threads", "2"])
    assert answer.exit_code == 0, answer.output
    assert "random" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["run.xyz", "run"])
def test_a_picture_of_no_known_kind(tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    results, picture = tmp_path / "run.json", tmp_path / name
    results.write_text(json.dumps(RUN), encoding="utf-8")
    answer = CliRunner().invoke(plot.main, [str(results), str(picture)])
    assert answer.exit_code == 2
    assert "PICTURE" in answer.output
    assert "must end in one of" in " ".join(answer.output.split())
    assert not picture.exists()
