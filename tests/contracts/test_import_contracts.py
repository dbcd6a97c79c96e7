"""Each import contract of pyproject.toml is shown to hold, and to fail for a planted violation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib import metadata, util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("spiral_core", "adapters", "gui", "firmware_bridge")
LEARNING = {"agent", "learning", "training", "evaluation"}
"""The modules of spiral_core that may import torch."""
HEAVY = ("torch", "ray", "PyQt6", "mujoco", "serial")

# contract, then the planted files and what they import
VIOLATIONS: list[tuple[str, dict[str, str]]] = [
    ("layers", {"spiral_core/rendering.py": "adapters"}),
    ("layers", {"spiral_core/rendering.py": "spiral_core.program_file"}),
    ("layers", {"spiral_core/training/planted.py": "adapters"}),
    ("layers", {"spiral_core/search/planted.py": "spiral_core.learning"}),
    ("layers", {"adapters/planted.py": "gui"}),
    ("layers", {"gui/planted.py": "spiral_core.cli"}),
    ("places", {"spiral_core/helpers.py": "math"}),
    ("torch", {"adapters/planted.py": "torch"}),
    ("torch", {"spiral_core/program.py": "ray"}),
    ("torch", {"spiral_core/agent/planted.py": "torch", "adapters/planted.py": "spiral_core.agent.planted"}),
    ("torch", {"spiral_core/learning/datasets/planted.py": "torch"}),
    ("torch-direct", {"gui/planted.py": "torch"}),
    ("torch-direct", {"spiral_core/cli/planted.py": "ray"}),
    ("qt", {"adapters/planted.py": "PyQt6.QtCore"}),
    ("qt", {"spiral_core/cli/planted.py": "PyQt6"}),
    ("serial", {"adapters/planted.py": "serial"}),
    ("serial", {"gui/planted.py": "serial.tools"}),
    ("adapters", {"adapters/planted.py": "adapters.other", "adapters/other.py": "math"}),
    ("session", {"gui/session/planted.py": "PyQt6.QtCore"}),
    ("window", {"gui/widgets/planted.py": "adapters.mypaint"}),
    ("window", {"gui/studio.py": "gui.processes.painter"}),
    ("window", {"gui/session/planted.py": "mujoco"}),
]
WORKERS = {
    "gui.processes.easel",
    "gui.processes.export",
    "gui.processes.painter",
    "gui.processes.painting_run",
}
"""The modules of gui that run beside the window."""


def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def lint_imports(root: Path) -> tuple[int, set[str]]:
    """Return the exit code and the names of the broken contracts of the packages under `root`.

    Without the site module (-S) no editable installation can put other packages in front of those.
    """
    run = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), sysconfig.get_path("purelib")])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    broken = {line.removesuffix(" BROKEN") for line in run.stdout.splitlines() if line.endswith(" BROKEN")}
    assert "Contracts:" in run.stdout, run.stdout + run.stderr
    return run.returncode, broken


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "native")
        )
    return tmp_path


def plant(root: Path, file: str, imported: str) -> None:
    """Add a function-level import, the kind that is easiest to overlook."""
    path = root / file
    path.parent.mkdir(exist_ok=True)
    if not (path.parent / "__init__.py").exists():
        (path.parent / "__init__.py").touch()
    with path.open("a", encoding="utf-8") as text:
        text.write(f"\n\ndef planted() -> None:\n    import {imported}\n")
    target = root / (imported.replace(".", "/") + ".py")
    if imported.split(".")[0] in PACKAGES and not target.exists() and not target.with_suffix("").exists():
        target.touch()


def test_contracts_hold_on_the_tree_as_it_is(tree: Path) -> None:
    assert lint_imports(tree) == (0, set())


@pytest.mark.parametrize(("contract", "files"), VIOLATIONS)
def test_planted_violation_is_reported(tree: Path, contract: str, files: dict[str, str]) -> None:
    for file, imported in files.items():
        plant(tree, file, imported)
    code, broken = lint_imports(tree)
    assert code == 1
    assert contracts()[contract]["name"] in broken


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _ in VIOLATIONS} == set(contracts())


def core_modules() -> set[str]:
    return {
        p.stem for p in (ROOT / "spiral_core").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    } - {"__init__"}


def test_everything_outside_learning_is_kept_from_torch() -> None:
    forbidden = set(contracts()["torch"]["source_modules"])
    assert forbidden >= {f"spiral_core.{name}" for name in core_modules() - LEARNING - {"cli"}}


def test_everything_in_the_window_is_kept_from_what_is_heavy() -> None:
    kept = contracts()["window"]["source_modules"]
    for path in (ROOT / "gui").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        is_kept = any(name == module or name.startswith(f"{module}.") for module in kept)
        assert is_kept or name in {"gui", "gui.__main__", "gui.processes"} | WORKERS, name


def test_the_window_loads_nothing_heavy() -> None:
    code = (
        "import sys, gui.application, gui.training.panel\n"
        "heavy = {'torch', 'ray', 'mujoco', 'serial', 'adapters.mypaint'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout == "[]\n", run.stdout + run.stderr


def light_modules() -> list[str]:
    modules = ["spiral_core", *(f"spiral_core.{name}" for name in sorted(core_modules() - LEARNING))]
    modules += [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "adapters").rglob("*.py"))
        if path.name != "__init__.py"
    ]
    return [*modules, "spiral_core.learning.datasets", "gui.__main__", "firmware_bridge"]


def test_importing_the_light_modules_loads_nothing_heavy() -> None:
    code = (
        "import importlib, sys\n"
        f"for module in {light_modules()!r}:\n"
        "    importlib.import_module(module)\n"
        f"    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    if heavy: sys.exit(f'{module} loads {heavy}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_no_other_distribution_provides_our_package_names() -> None:
    providers = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(providers.get(package, ())) <= {"spiral-studio"}
        spec = util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(ROOT)
