"""Every module imports by itself, on every Python, and what it imports is declared: for `make test-pythons`."""

from __future__ import annotations

import ast
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import brt_watch
from brt_watch import pipeline
from brt_watch.capture.ticks import next_ticks
from brt_watch.place import home
from brt_watch.resources import Resources

SOURCE = Path(brt_watch.__file__).parent
OF_AN_EXTRA = {"spark": re.compile(r"transform/spark\w*\.py")}
"""Modules that only work with an extra."""


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


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(of: str) -> set[str]:
    """The distributions in a list of pyproject.toml."""
    listed = re.search(rf"^{of} = \[$(.*?)^\]", (home() / "pyproject.toml").read_text(encoding="utf-8"), re.S | re.M)
    assert listed
    return {plain(name) for name in re.findall(r'^ *"([\w.-]+)', listed[1], re.M)}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def test_what_is_imported_is_declared() -> None:
    """The tests run in an environment with more than an installation has, so that they would not miss it."""
    of_module, always, wrong = packages_distributions(), declared("dependencies"), set()
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        extras = [declared(extra) for extra, modules in OF_AN_EXTRA.items() if modules.fullmatch(name)]
        known = always.union(*extras)
        for module in set(imported(path)) - sys.stdlib_module_names - {"brt_watch"}:
            # PySpark brings py4j. Of a distribution that is not installed here the name must do.
            found = ["pyspark"] if module == "py4j" else of_module.get(module, [module])
            distributions = {plain(each) for each in found}
            if not distributions & known:
                wrong.add((name, module))
    assert wrong == set()


SERVE = """
import sys
TOO_MUCH = ("dbt", "pandas", "polars", "pyspark", "prefect")
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.web.app import create_app
import brt_watch.cli.serve
live = create_app(Resources.from_settings(Settings(data={folder!r}, postgres_port=1024))).state.deps.live
live.look()
live.models.take_apart()
live.models.dicts("select * from veiculos_agora")
print(len(live.snapshot.vehicles), *(name for name in TOO_MUCH if name in sys.modules))
"""


def test_the_page_loads_no_dbt_and_no_pandas(resources: Resources, run_python: Callable[..., str]) -> None:
    """They would take a hundred megabytes each of the process that serves, with a poll derived."""
    pipeline.capture(next(next_ticks(resources)), resources)
    count, *loaded = run_python(SERVE.format(folder=str(resources.settings.folder))).split()
    assert (int(count) > 0, loaded) == (True, [])
