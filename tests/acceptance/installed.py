"""brt-watch as pip installs it: built from what the wheel is made of, in an environment that knows no checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from brt_watch.place import home
from brt_watch.transform.compiled import BESIDE_THE_SOURCES

PARTS = ("pyproject.toml", "LICENSE", "README.md", "src")
"""The sources of the wheel."""


def program_of(folder: Path) -> Path:
    """Return the program that is installed in the folder."""
    return folder / "environment" / "bin" / "brt-watch"


def dbt_project_of(program: tuple[str, ...]) -> Path:
    """Return dbt's project in the wheel, of which dbt parses again what differs from the checkout's."""
    (project,) = Path(program[0]).parents[1].glob("lib/*/site-packages/brt_watch/transform/dbt")
    return project


def install(folder: Path) -> None:
    """Build the wheel, install it and compile its models. What it depends on is that of this environment.

    The statements that are compiled already are those of the same files, or their name is another one.
    """
    wheel, environment = build(folder), folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    if uv := shutil.which("uv"):
        _run(uv, "pip", "install", "--offline", "--no-deps", "--python", python, wheel)
    else:
        _run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    # The folder itself, and not the links in it that lead to the checkout.
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    keeps = packages / "brt_watch" / "transform" / BESIDE_THE_SOURCES.name
    keeps.mkdir(exist_ok=True)
    for statements in BESIDE_THE_SOURCES.glob("duckdb-*.json"):
        shutil.copy(statements, keeps)
    compile_models = "import pathlib; from brt_watch.transform.compiled import compiled; compiled(pathlib.Path())"
    _run(python, "-c", compile_models, cwd=folder)


def build(folder: Path) -> Path:
    """Build the wheel into a folder, from a copy of its sources."""
    source = folder / "source"
    source.mkdir()
    for name in PARTS:
        part = home() / name
        # Without the build of an editable environment.
        ignore = shutil.ignore_patterns("*.egg-info", "__pycache__")
        if part.is_dir():
            shutil.copytree(part, source / name, ignore=ignore)
        else:
            shutil.copy(part, source)
    build = f"import setuptools.build_meta as backend; backend.build_wheel({str(folder)!r})"
    _run(sys.executable, "-c", build, cwd=source)
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
