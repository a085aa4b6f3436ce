"""Every module imports by itself, on every Python, and what it imports is declared: for `make test-pythons`."""

from __future__ import annotations

import ast
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import brt_watch
from brt_watch import pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.place import home
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from tests.conftest import ScriptedFeed, make_settings
from tests.made_vehicles import NOON

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


def test_a_command_starts_without_what_others_need(serving: list[str]) -> None:
    assert serving[0] == "of a command:"


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
import brt_watch.cli
print("of a command:", *(name for name in {heavy} if name in sys.modules))
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.web.app import create_app
live = create_app(Resources.from_settings(Settings(data={folder!r}, postgres_port=1024))).state.deps.live
live.look()
live.models.take_apart()
live.models.dicts("select * from veiculos_agora")
print(len(live.snapshot.vehicles), *(name for name in {too_much} if name in sys.modules))
"""

TOO_MUCH = ("dbt", "pandas", "polars", "pyspark", "prefect")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, run_python: Callable[..., str]) -> list[str]:
    """The lines of a process that begins as a command and then serves the page, with a poll derived."""
    clock = StillClock(NOON)
    settings = make_settings(tmp_path_factory.mktemp("serving"))
    files = CaptureFiles(settings.folder, str(settings.feed_url))
    store, webhook = Store(settings), Webhook("", lambda: "test")
    resources = Resources(settings, clock, ScriptedFeed(clock), files, store, webhook)  # type: ignore[arg-type]
    pipeline.capture(next(next_ticks(resources)), resources)
    return run_python(SERVE.format(folder=str(settings.folder), heavy=HEAVY, too_much=TOO_MUCH)).splitlines()


def test_the_page_loads_no_dbt_and_no_pandas(serving: list[str]) -> None:
    """They would take a hundred megabytes each of the process that serves."""
    count, *loaded = serving[-1].split()
    assert (int(count) > 0, loaded) == (True, [])
