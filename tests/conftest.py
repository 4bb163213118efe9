"""Set-up shared by all tests."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import cheapfast
from cheapfast import _core

# No deadline: the first example of a test pays for the imports.
hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
# the long run: `pytest --hypothesis-profile=thorough`
hypothesis.settings.register_profile(
    "thorough", parent=hypothesis.settings.get_profile("default"), max_examples=10_000
)
hypothesis.settings.load_profile("default")


def pytest_report_header() -> list[str]:
    """Say what is tested: which copy of the package, and which numpy and scipy it runs with."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy")]
    return [
        f"cheapfast {cheapfast.__version__} in {Path(cheapfast.__file__).parent}",
        ", ".join(versions),
    ]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is measured of the machine out of a developer's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEAPFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _default_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own settings out of the tests."""
    monkeypatch.delenv("CHEAPFAST_NUM_THREADS", raising=False)


@pytest.fixture(params=_core.targets())
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test once per instruction set of this machine."""
    before = _core.active_target()
    _core.set_target(request.param)
    _core.clear_ran()
    yield request.param
    _core.set_target(before)
