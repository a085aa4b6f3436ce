"""The CI files for forks follow their schemas, and only run make targets."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from brt_watch.place import home
from tests.unit.conftest import ON_ONE_PYTHON

CHECK = Path(sysconfig.get_path("scripts")) / "check-jsonschema"


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.github-workflows", ".github/workflows/ci.yml"), ("vendor.compose-spec", "compose.yaml")],
)
def test_the_file_follows_its_schema(schema: str, file: str) -> None:
    done = subprocess.run([CHECK, "--builtin-schema", schema, file], cwd=home(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_targets_of_make_on_every_python() -> None:
    jobs = yaml.safe_load((home() / ".github/workflows/ci.yml").read_text())["jobs"]
    assert set(jobs) == {"test", "lint", "spark", "wheel", "image"}
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]
    typed = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    # The browser is made as .ci/run makes it.
    assert all(line.startswith(("make ", "docker ", "command -v ")) for line in typed)
    for job in jobs.values():
        assert job["timeout-minutes"] <= 40


def test_what_runs_before_a_commit_is_what_lint_runs() -> None:
    hooks = yaml.safe_load((home() / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "no second set of versions"
    lint = re.search(r"^lint:.*?\n\n", (home() / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert lint
    for hook in hooks[0]["hooks"]:
        command = hook["entry"].replace(".venv", "$(VENV)").replace(" --fix", "")
        assert hook["entry"] == "make lint" or command in lint[0]


def test_ci_runs_the_targets() -> None:
    text = (home() / ".ci" / "run").read_text()
    assert re.findall(r"^make (\S+)", text, re.MULTILINE) == ["test", "test-system", "lint", "test-pythons"]


def test_what_one_python_is_enough_for_is_there() -> None:
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert set(ON_ONE_PYTHON) <= here
    assert len(ON_ONE_PYTHON) < len(here) / 2
