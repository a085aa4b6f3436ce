"""A Postgres that an earlier version filled goes on under this one, with the data folder that belongs to it.

`tests/old_data/DATE.sql.xz` is its dump: the tables of that version, a window's signals and what dbt derived from them.
The rows of the reference files, and what is derived from these alone, are left out.
"""

from __future__ import annotations

import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.archive.verify import LAKE_BUILD, compare_signals, verify
from brt_watch.cli.lake import lake_build
from brt_watch.clock import MINUTE, StillClock
from brt_watch.errors import DatabaseUnreachable
from brt_watch.marts.selection import Selection
from brt_watch.marts.tables import HEADWAYS
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.web.reader import ROLE, Reader
from tests.integration.captured import one, query
from tests.made_vehicles import NOON

HALF_AN_HOUR = 30 * MINUTE
OLD = sorted((Path(__file__).parents[1] / "old_data").glob("*.sql.xz"))


@pytest.fixture(params=OLD, ids=lambda path: path.name.split(".")[0])
def old(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def database(old: Path, template: str, make_database: Callable[[str], SecretStr]) -> SecretStr:
    """The database of that version; a role of the server, which no dump has, comes with the `template`."""
    address = make_database("template1")
    with psycopg.connect(address.get_secret_value()) as connection:
        connection.execute(lzma.decompress(old.read_bytes()).decode())  # type: ignore[arg-type]
    return address


@pytest.fixture
def resources(old: Path, tmp_path: Path, loaded_resources: Callable[..., Resources], clock: StillClock) -> Resources:
    with tarfile.open(old.with_name(old.name.replace(".sql.", ".tar."))) as folder:
        folder.extractall(tmp_path / "data", filter="data")
    clock.time = NOON + 31 * MINUTE
    return loaded_resources()


def differences(resources: Resources) -> list[str]:
    return [*verify(resources), *compare_signals(resources)]


def test_a_table_of_an_older_release_refuses_its_rows_alone(resources: Resources) -> None:
    """Until the transform renews it; the page goes on with everything else that is in the database."""
    with resources.store.connection() as connection:
        # A dump has no grants to roles.
        connection.execute(
            "drop table if exists intervalos; create table intervalos (escopo text, dia_operacao date);"
            f" grant select on all tables in schema public to {ROLE}"
        )
    reader = Reader(resources.store)
    with pytest.raises(DatabaseUnreachable, match="the next transform renews its tables"):
        list(reader.batches(Selection.of_day(HEADWAYS, NOON.date())))
    assert len(reader.rows("web_polls", de=NOON - HALF_AN_HOUR, ate=NOON + HALF_AN_HOUR)) > 0
    reader.close()


def test_an_old_postgres_is_loaded_derived_and_verified(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows stay, its tables get what is new, and one command, which a message names, fills the lake."""
    signals = (
        "select codigo, datahora, latitude, longitude, captured_at, load_id from brt_raw order by datahora, codigo"
    )
    before = query(resources, signals)
    assert (len(before), resources.store.vehicles()) == (68, 2)

    assert resources.store.apply_schema()
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    after = query(resources, signals)
    assert [row for row in after if row["load_id"] == 1] == before
    assert len(after) == 2 * 68

    assert pipeline.transform_is_due(resources)
    assert "origem" not in resources.store.columns(["gps_brt"])["gps_brt"]
    pipeline.transform(resources, "--select", "+gps_brt", "+cobertura_captura", "+generate_view")
    assert not pipeline.transform_is_due(resources)
    assert one(resources, "select count(*) from gps_brt") == one(resources, "select count(*) from brt_raw")
    assert one(resources, "select count(*) from cobertura_captura") == 26
    assert not pipeline.network_is_new(resources)

    (archived, _) = resources.files.archived()
    assert (
        differences(resources)[0] == f"{archived.name}: it is in the archive, and not in the lake; {LAKE_BUILD} adds it"
    )
    monkeypatch.setenv("BRT_WATCH_DATA", str(resources.settings.folder))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", resources.store.url)
    lake_build()
    assert differences(resources) == []

    found = report(resources)
    assert found.database
    assert (found.database.windows, found.database.signals, found.vehicles) == (2, len(after), 2)
    assert (found.windows_waiting, found.windows_set_aside) == (0, 0)
