from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from tests import shared_postgres, shared_run
from tests.conftest import make_settings
from tests.faults import FaultyApi


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "with_network: the database of the test has the network already")


@pytest.fixture(scope="session", autouse=True)
def _models_are_compiled() -> None:
    """The page's tests in several processes would each compile them."""
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
def template(server: Server) -> str:
    """A database with the tables; each test gets a copy."""
    return shared_postgres.template(
        server, "with_tables", lambda address: Store(make_settings(server.data, database_url=address)).apply_schema()
    )


@pytest.fixture(scope="session")
def template_with_network(server: Server, template: str) -> str:
    """A database with the tables and the models, built from the network alone, which takes about ten seconds."""
    return shared_postgres.template(
        server,
        "with_network",
        lambda address: pipeline.transform(Resources.from_settings(make_settings(server.data, database_url=address))),
        like=template,
    )


@pytest.fixture
def make_database(server: Server, worker_id: str) -> Iterator[Callable[[str], SecretStr]]:
    """Make the database of the test, like a template; gone afterwards.

    It has the same name in each test of a process, because dbt parses its project again for another one.
    """
    name = f"test_{worker_id}"
    yield lambda template: shared_postgres.create(server, name, template)
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def database(request: pytest.FixtureRequest, make_database: Callable[[str], SecretStr]) -> SecretStr:
    """A database of the test's own, with our tables; for a test `with_network` the network is loaded already."""
    like = "template_with_network" if request.node.get_closest_marker("with_network") else "template"
    return make_database(request.getfixturevalue(like))


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
        read_by_dbt = server.data / f"dbt-{worker_id}"
        read_by_dbt.mkdir(exist_ok=True)
        resources.settings.folder.mkdir(exist_ok=True)
        if not (resources.settings.folder / "dbt").exists():
            (resources.settings.folder / "dbt").symlink_to(read_by_dbt)
        return resources

    return make


@pytest.fixture
def resources(loaded_resources: Callable[..., Resources]) -> Resources:
    return loaded_resources()


@pytest.fixture
def settings(resources: Resources) -> Settings:
    return resources.settings
