from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.archive.lake_models import LakeModels
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from tests import cheaper_dbt, parsed, shared_postgres, shared_run
from tests.conftest import make_settings
from tests.faults import FaultyApi
from tests.integration import simulated
from tests.integration.filled import Filled

LIKE = {"with_network": "template_with_network", "with_morning": "morning", "with_models": "derived_morning"}
"""The fixture of the database that is copied for a test, by its marker."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "with_network: the database of the test has the network already")
    config.addinivalue_line("markers", "with_morning: and the signals of a simulated morning, not derived yet")
    config.addinivalue_line("markers", "with_models: and all models of that morning")


@pytest.fixture(scope="session", autouse=True)
def _models_are_compiled() -> None:
    """The page's tests in several processes would each compile them."""
    cheaper_dbt.cheapen()
    shared_run.compile_models()


@pytest.fixture(scope="session")
def data() -> Path:
    """A folder that the server's ordinary user can reach, also when the tests run as root."""
    return shared_run.folder()


@pytest.fixture(scope="session")
def server() -> Server:
    """The embedded Postgres that all tests share, started as supervisor starts it."""
    return shared_postgres.start()


@pytest.fixture(scope="session")
def template(server: Server, worker_id: str) -> str:
    """A database with the tables; each test gets a copy."""
    shared_postgres.template(
        server, "with_tables", worker_id, lambda address, data: Store(settings_of(address, data)).apply_schema()
    )
    return "with_tables"


@pytest.fixture(scope="session")
def template_with_network(server: Server, template: str, worker_id: str) -> str:
    """A database with the tables and the models, built from the network alone, which takes about ten seconds."""

    def fill(address: SecretStr, data: Path) -> None:
        parsed.make()
        share_dbt(data, server, shared_postgres.of_tests(worker_id))
        pipeline.transform(Resources.from_settings(settings_of(address, data)))

    shared_postgres.template(server, "with_network", worker_id, fill, like=template)
    return "with_network"


@pytest.fixture(scope="session")
def morning(server: Server, template_with_network: str, worker_id: str) -> Filled:
    """The simulated morning, loaded; no model is derived from it."""

    def fill(address: SecretStr, data: Path) -> None:
        simulated.capture_and_load(Resources.from_settings(settings_of(address, data)))

    data = shared_postgres.template(server, "with_morning", worker_id, fill, like=template_with_network)
    return Filled("with_morning", data, simulated.ENDS)


@pytest.fixture(scope="session")
def derived_morning(server: Server, morning: Filled, worker_id: str) -> Filled:
    """The simulated morning, loaded and derived."""

    def fill(address: SecretStr, data: Path) -> None:
        share_dbt(data, server, shared_postgres.of_tests(worker_id))
        pipeline.transform(Resources.from_settings(settings_of(address, data)))

    shared_postgres.template(server, "with_models", worker_id, fill, like=morning.database)
    return replace(morning, database="with_models")


@pytest.fixture
def make_database(server: Server, worker_id: str) -> Iterator[Callable[[str], SecretStr]]:
    """Make the database of the test, like a template; gone afterwards."""
    name = shared_postgres.of_tests(worker_id)
    yield lambda template: shared_postgres.create(server, name, template)
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def database(request: pytest.FixtureRequest, make_database: Callable[[str], SecretStr]) -> SecretStr:
    """A database of the test's own, with our tables, and with what its marker says."""
    like = request.getfixturevalue(
        next((LIKE[mark.name] for mark in request.node.iter_markers() if mark.name in LIKE), "template")
    )
    return make_database(like.database if isinstance(like, Filled) else like)


def settings_of(address: SecretStr, data: Path) -> Settings:
    """Return the settings of a database and its data folder."""
    return make_settings(data, database_url=address)


def share_dbt(data: Path, server: Server, database: str, elsewhere: Server | None = None) -> None:
    """Let dbt find its project in a data folder as it was parsed before; the database may be on another server."""
    port = (elsewhere or server).port
    dbt = server.data / f"dbt-{database}-{port}"
    dbt.mkdir(exist_ok=True)
    # Who derives nothing does not need it, and would take ten seconds to begin.
    if shared_run.is_made("parsed") and not (dbt / parsed.NAME).exists():
        parsed.lend(dbt, parsed.postgres(database, port))
    data.mkdir(exist_ok=True)
    if (data / "dbt").is_symlink():
        (data / "dbt").unlink()
    if not (data / "dbt").exists():
        (data / "dbt").symlink_to(dbt)


def share_parsed(resources: Resources) -> None:
    """Let dbt find its project as it was parsed before, for the models on a lake of its own."""
    parsed.lend(resources.settings.folder / "dbt" / "duckdb", parsed.duckdb(LakeModels(resources.lake).file))


@pytest.fixture
def faulty_api() -> Iterator[FaultyApi]:
    with FaultyApi().running() as api:
        yield api


@pytest.fixture
def loaded_resources(
    make_resources: Callable[..., Resources], database: SecretStr, server: Server, worker_id: str
) -> Callable[..., Resources]:
    """Build resources on the test's database; all tests of a process share dbt's parsed project."""

    def make(data: str = "data", **changes: object) -> Resources:
        resources = make_resources(data, database_url=database, **changes)
        share_dbt(resources.settings.folder, server, shared_postgres.of_tests(worker_id))
        return resources

    return make


@pytest.fixture
def resources(loaded_resources: Callable[..., Resources]) -> Resources:
    return loaded_resources()


@pytest.fixture
def settings(resources: Resources) -> Settings:
    return resources.settings
