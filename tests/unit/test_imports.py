"""Every module imports by itself, on every Python: for `make test-pythons`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable

import brt_watch


def test_every_module_imports(run_python: Callable[..., str]) -> None:
    names = [found.name for found in pkgutil.walk_packages(brt_watch.__path__, "brt_watch.")]
    names = [name for name in names if not name.endswith("__main__")]
    assert len(names) > 100
    code = f"from importlib import import_module; [import_module(name) for name in {names!r}]"
    assert run_python(code, PREFECT__HOME_DIR="/nowhere") == ""


HEAVY = ("dbt", "fastapi", "fsspec", "numpy", "prefect", "pyarrow", "shapely")
"""Libraries that take long to import, for some commands alone."""


def test_a_command_starts_without_what_others_need(run_python: Callable[..., str]) -> None:
    code = f"import sys, brt_watch.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert run_python(code) == "[]\n"
