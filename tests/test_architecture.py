"""The import rule: every arrow points down, and nothing imports the user-facing modules."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cheapfast

PACKAGE = Path(cheapfast.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

HELPERS = {
    "_validate",
    "_arrays",
    "_memory",
    "_progress",
    "_random",
    "_primality",
    "_processor",
    "_replacing",
    "_stopwatch",
    "_tables",
}
SUPPORT = {"_core", "support"} | HELPERS
LAYERS = SUPPORT | {"layers"}
PLAN = LAYERS | {"plan"}
NETWORK = PLAN | {"network", "_html"}
COUNTING = NETWORK | {"counting"}
# what each part may import besides itself; ROOT is `import cheapfast`, the public names
ROOT = ""
MAY_IMPORT = {
    "_validate": HELPERS,
    "_arrays": HELPERS,
    "_memory": HELPERS,
    "_progress": HELPERS,
    "_random": HELPERS,
    "_primality": HELPERS,
    "_processor": HELPERS,
    "_replacing": HELPERS,
    "_stopwatch": HELPERS,
    "_tables": HELPERS,
    "_build": SUPPORT,
    "_html": SUPPORT,
    "_archive": LAYERS,
    "support": SUPPORT,
    "layers": LAYERS,
    "plan": PLAN,
    "transform": HELPERS | {"_core"},
    "network": NETWORK,
    "io": NETWORK | {"_archive"},
    "counting": COUNTING,
    # a result's .plot() loads plotting when it is called
    "flattening": COUNTING | {"flattening", "plotting"},
    "plotting": {ROOT, "flattening"},
    "algorithms": NETWORK | {"algorithms"},
    "gates": NETWORK,
    "paper": {ROOT} | HELPERS,
    "cli": {ROOT} | HELPERS,
    "__main__": {"cli"},
    # the choice of a target, the probes of the machine and bare kernels have no public name
    "bench": {ROOT, "_core"} | HELPERS,
}
HEAVY = {
    "click",
    "dask",
    "distributed",
    "matplotlib",
    "rich",
    "scipy.io",
    "scipy.signal",
    "scipy.sparse.linalg",
}


def part(path: Path) -> str:
    """Return the part of the package that a file belongs to: a folder or a module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """Return the parts that a file imports, anywhere in it, whether written relative or not."""
    here = ("cheapfast", *path.relative_to(PACKAGE).parts[:-1])
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            # `from . import support` names a part, `from cheapfast import Sparse` a public name
            parts = [alias.name for alias in node.names if is_part(alias.name)]
            found |= {(*base, name) for name in parts} if base == ("cheapfast",) else {base}
            if base == ("cheapfast",) and len(parts) < len(node.names):
                found.add(base)
    return {module[1] if len(module) > 1 else ROOT for module in found if module[0] == "cheapfast"}


def is_part(name: str) -> bool:
    """Say whether a name is a module or folder of the package."""
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file() or name == "_core"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    if part(path) == "__init__":
        return
    assert part(path) in MAY_IMPORT, f"say in MAY_IMPORT what {part(path)} may import"
    forbidden = imported_parts(path) - MAY_IMPORT[part(path)] - {part(path)}
    assert not forbidden, f"{part(path)} must not import {sorted(forbidden)}"


def test_rule_sees_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "support").mkdir()
    (tmp_path / "network.py").touch()
    path = tmp_path / "support" / "csr.py"
    for text, expected in {
        "from ..network import Network": {"network"},
        "from .. import network": {"network"},
        "def f():\n    import cheapfast.network": {"network"},
        "import cheapfast as cf": {ROOT},
        "from cheapfast import Network": {ROOT},
        "from .base import Support": {"support"},
        "import numpy.linalg": set(),
    }.items():
        path.write_text(text, encoding="utf-8")
        assert imported_parts(path) == expected, text


def test_import_is_light() -> None:
    code = "import sys; import numpy, scipy.sparse; old = set(sys.modules); import cheapfast; "
    code += "print(*(set(sys.modules) - old))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not HEAVY & set(result.stdout.split())
