"""scripts/environment installs what is locked, and never takes an environment away from what runs in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from brt_watch.place import home


def test_every_locked_release_is_one_that_the_project_takes() -> None:
    """On an older Python the lock may have an older release, and the wheel must install there too."""
    locked = dict[str, set[str]]()
    for line in (home() / "requirements.lock").read_text().splitlines():
        if found := re.match(r"([\w.-]+)(?:\[.*?\])?==([^ ;\\]+)", line):
            locked.setdefault(canonicalize_name(found[1]), set()).add(found[2])
    listed = (home() / "pyproject.toml").read_text().split("\ndependencies = [")[1].split("\n]")[0]
    wanted = [Requirement(each) for each in re.findall(r'^    "([^";]+)"', listed, re.MULTILINE)]
    assert len(wanted) > 20
    refused = {
        each.name: releases
        for each in wanted
        if (releases := {one for one in locked[canonicalize_name(each.name)] if one not in each.specifier})
    }
    assert refused == {}


def test_an_environment_in_use_is_not_renewed(tmp_path: Path) -> None:
    """As `make start` after a git pull that brought a new lock file."""
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.symlink_to(sys.executable)
    (environment / "keep").touch()
    paths = {"PATH": without_uv(tmp_path), "PYTHONPATH": sysconfig.get_path("purelib")}
    command = [copy_of_checkout(tmp_path) / "scripts" / "environment", environment, without_venv(tmp_path)]
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as at_work:
        done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert "is in use" in done.stderr
        assert "make stop" in done.stderr
        assert str(at_work.pid) in done.stderr
        assert at_work.stdin
        at_work.stdin.close()
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert "is in use" not in done.stderr
    assert "venv is missing" in done.stderr, "nobody uses it any more"


def test_half_an_environment_is_renewed_in_silence(tmp_path: Path) -> None:
    """Its installation was ended midway: Python is there, nothing else is."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    environment = os.environ | {"PATH": without_uv(tmp_path)}
    command = [copy_of_checkout(tmp_path) / "scripts" / "environment", tmp_path, without_venv(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "venv is missing" in done.stderr
    assert "Traceback" not in done.stderr


def without_uv(folder: Path) -> str:
    """Return a PATH on which uv fails, so that no environment is made."""
    stubs = folder / "stubs"
    stubs.mkdir()
    (stubs / "uv").write_text("#!/bin/sh\nexit 9\n")
    (stubs / "uv").chmod(0o755)
    return f"{stubs}:{os.environ['PATH']}"


def without_venv(folder: Path) -> Path:
    """Return a Python that makes no environment."""
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\ncase "$*" in "-m venv"*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


PYTHON = """#!/bin/sh
case "$1" in -) exit ;; -c) exec {python} "$@" ;; --version) echo Python 3; exit ;; esac
echo "python $*" >>"{log}"
case "$*" in
    "-m venv"*) mkdir -p "{folder}/bin"; cp "$0" "{folder}/bin/python" ;;
    *"--only-binary :all:"*) {uv} ;;
esac
"""
"""A Python that makes environments and installs nothing, and notes what it is asked for."""

UV = """printf '#!/bin/sh\necho "uv $*" >>"{log}"; {then}' >"{folder}/bin/uv"; chmod 755 "{folder}"/bin/uv"""
BROKEN_UV = "#!/bin/sh\necho unexpected argument >&2; exit 2\n"
NO_UV = "echo no matching distribution; exit 1"


@pytest.mark.parametrize(
    ("uv", "installed", "expected"),
    [
        (UV.replace("{then}", "exit 0"), None, ["uv", "uv pip install", "uv pip install"]),
        (UV.replace("{then}", "exit 0"), BROKEN_UV, ["uv", "uv pip install", "uv pip install"]),
        (UV.replace("{then}", "exit 1"), None, ["uv", "uv pip install", "pip install", "pip install"]),
        (NO_UV, None, ["uv", "pip install", "pip install"]),
    ],
    ids=["by uv", "an old uv is installed", "uv reaches no index", "no uv for this machine"],
)
def test_without_uv_the_locked_one_installs_or_else_pip(
    tmp_path: Path, uv: str, installed: str | None, expected: list[str]
) -> None:
    log, folder, programs = tmp_path / "log", tmp_path / "an environment", tmp_path / "programs"
    programs.mkdir()
    if installed:
        (programs / "uv").write_text(installed)
        (programs / "uv").chmod(0o755)
    for name in ("sh", "dirname", "sed", "tail", "mkdir", "cp", "chmod", "touch"):
        (programs / name).symlink_to(str(shutil.which(name)))
    text = PYTHON.replace("{uv}", uv).format(python=sys.executable, log=log, folder=folder)
    (programs / "python3").write_text(text)
    (programs / "python3").chmod(0o755)
    checkout = copy_of_checkout(tmp_path)
    command = [checkout / "scripts" / "environment", folder, "python3", "--no-compile"]
    environment = os.environ | {"PATH": str(programs)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    made, *asked = log.read_text().splitlines()
    assert made == f"python -m venv --clear {folder}"
    assert [_kind(line) for line in asked] == expected
    assert "--require-hashes" in asked[0]
    assert f"-r {folder}/uv.lock" in asked[0]
    locked = (folder / "uv.lock").read_text().splitlines()
    assert locked[0].startswith("uv==")
    assert all(line.startswith("    --hash=sha256:") for line in locked[1:])
    everything, ours = asked[-2:]
    assert "--require-hashes" in everything
    assert everything.endswith("-r requirements.lock")
    assert ours.endswith("--editable .")
    assert ("pip does" in done.stderr) == (expected[-1] == "pip install")
    assert (folder / "installed").exists()


def test_a_further_python_uses_the_uv_of_the_first_environment(tmp_path: Path) -> None:
    checkout = copy_of_checkout(tmp_path)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    uv = checkout / ".venv" / "bin" / "uv"
    uv.write_text(f'#!/bin/sh\necho "uv $*" >>{tmp_path}/log; mkdir -p {tmp_path}/other/bin\n')
    uv.chmod(0o755)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "mkdir", "touch"):
        (programs / name).symlink_to(str(shutil.which(name)))
    command = [checkout / "scripts" / "environment", tmp_path / "other", sys.executable, "--no-compile"]
    subprocess.run(command, env=os.environ | {"PATH": str(programs)}, check=True)
    asked = (tmp_path / "log").read_text().splitlines()
    assert [_kind(line) for line in asked] == ["uv venv --quiet", "uv pip install", "uv pip install"]
    assert (tmp_path / "other" / "installed").exists()


def copy_of_checkout(folder: Path) -> Path:
    """Return a checkout that has no environment yet."""
    checkout = folder / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    for name in ("scripts/environment", "requirements.lock"):
        shutil.copy(home() / name, checkout / name)
    return checkout


def _kind(line: str) -> str:
    if line.startswith("python -m pip install"):
        return "uv" if "uv.lock" in line else "pip install"
    return " ".join(line.split()[:3])
