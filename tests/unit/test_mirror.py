"""The lake on object storage: a folder, and moto's double of S3."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import fs

from brt_watch import health, lock, pipeline
from brt_watch.archive import mirror
from brt_watch.archive.lake import Lake
from brt_watch.archive.mirror import push
from brt_watch.archive.remote import open_remote
from brt_watch.errors import AlreadyRunning, MirrorFailed, MixedData, RemoteUnreadable
from brt_watch.resources import Resources
from tests.free_port import free_port
from tests.run_flow import run

DAY, REJECTS, POLLS, MART = (
    "feed=brt/data=2026-11-23/sinais.parquet",
    "rejects/feed=brt/mes=2026-11/rejects.parquet",
    "polls/feed=brt/mes=2026-11/polls.parquet",
    "modelos/viagens/dia_operacao=2026-11-23/viagens.parquet",
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    for name in (DAY, REJECTS, POLLS, MART, "modelos/views.json", "modelos.duckdb", ".work-1/x.parquet"):
        path = lake.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return lake


def pushed(lake: Lake, target: str) -> dict[str, str]:
    return {name: done for name, done in push(lake, target) if done}


def test_a_copy_has_what_changed_and_nothing_twice(lake: Lake, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert list(pushed(lake, str(target))) == [DAY, REJECTS, POLLS, MART, "modelos/views.json"]
    assert pushed(lake, str(target)) == {}
    (lake.folder / DAY).write_bytes(b"other")
    (lake.folder / MART).unlink()
    assert pushed(lake, str(target)) == {DAY: "written", MART: "deleted"}
    assert (target / DAY).read_bytes() == b"other"
    # Signals stay, though this disk has them no more.
    (lake.folder / DAY).unlink()
    assert pushed(lake, str(target)) == {}
    assert (target / DAY).exists()


def test_an_interrupted_copy_is_completed_by_the_next(lake: Lake, tmp_path: Path) -> None:
    steps = push(lake, str(tmp_path / "copy"))
    assert next(steps) == (DAY, "written")
    steps.close()
    (tmp_path / "copy" / f"{POLLS}.part").parent.mkdir(parents=True)
    (tmp_path / "copy" / f"{POLLS}.part").write_bytes(b"cut off by kill -9")
    assert list(pushed(lake, str(tmp_path / "copy"))) == [REJECTS, POLLS, MART, "modelos/views.json"]
    assert not list((tmp_path / "copy").rglob("*.part"))


@pytest.mark.parametrize("first_is_simulated", [True, False])
def test_simulated_and_real_days_are_never_mixed(lake: Lake, tmp_path: Path, first_is_simulated: bool) -> None:
    mark, target = tmp_path / "simulated.json", tmp_path / "copy"

    def simulate(is_simulated: bool) -> None:
        mark.write_text("{}") if is_simulated else mark.unlink(missing_ok=True)

    simulate(first_is_simulated)
    assert pushed(lake, str(target))[DAY] == "written"
    (lake.folder / DAY).write_bytes(b"other")
    simulate(not first_is_simulated)
    with pytest.raises(MixedData, match="would mix real and simulated data"):
        pushed(lake, str(target))
    assert (target / DAY).read_bytes() == DAY.encode()
    simulate(first_is_simulated)
    assert pushed(lake, str(target)) == {DAY: "written"}


def test_a_copy_without_a_mark_is_of_real_days(lake: Lake, tmp_path: Path) -> None:
    pushed(lake, str(tmp_path / "copy"))
    (tmp_path / "copy" / mirror.MARK).unlink()
    (tmp_path / "simulated.json").write_text("{}")
    with pytest.raises(MixedData):
        pushed(lake, str(tmp_path / "copy"))
    (tmp_path / "simulated.json").unlink()
    assert pushed(lake, str(tmp_path / "copy")) == {}
    assert (tmp_path / "copy" / mirror.MARK).exists()


def test_two_copies_of_a_lake_do_not_meet(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "PATIENCE_SECONDS", 0)
    with (
        lock.hold(tmp_path / "run" / "lake-mirror.lock", "another copy"),
        pytest.raises(AlreadyRunning, match="A copy of the lake"),
    ):
        pushed(lake, str(tmp_path / "copy"))


def test_the_flow_copies_what_is_new_and_nothing_twice(
    flows: Any, make_resources: Callable[..., Resources], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = make_resources(lake_mirror=str(tmp_path / "copy"))
    small_lake(resources.settings.folder)
    monkeypatch.setattr(flows, "resources", lambda: resources)
    (task,) = flows.mirror_flow.get_tasks(name="mirror")
    written = [run(flows.mirror_flow).result[task].result.written for _ in range(2)]
    assert written == [5, 0]
    check_remote(str(tmp_path / "copy"))


def test_without_a_place_the_flow_copies_nothing(flows: Any) -> None:
    (task,) = flows.mirror_flow.get_tasks(name="mirror")
    assert run(flows.mirror_flow).result[task].is_skipped()


def test_a_failing_copy_is_a_problem_and_no_poll_fails(
    flows: Any, make_resources: Callable[..., Resources], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = make_resources(lake_mirror=str(tmp_path / "copy"))
    small_lake(resources.settings.folder)
    (tmp_path / "copy").write_text("a file where a folder should be")
    monkeypatch.setattr(flows, "resources", lambda: resources)

    def problems() -> list[str]:
        seen = health.look(resources.settings, resources.files, resources.clock)
        return [problem.sentence for problem in health.problems(seen) if problem.code == "run_failed"]

    assert run(flows.mirror_flow).is_failed()
    (said,) = problems()
    assert "mirror_flow has been failing" in said
    assert "The lake was not copied to" in said
    assert run(flows.local_storage_flow).is_successful()
    (tmp_path / "copy").unlink()
    assert run(flows.mirror_flow).is_successful()
    assert problems() == []


def test_storage_that_refuses_is_an_error_with_its_reason(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(MirrorFailed, match="The lake was not copied to"):
        pushed(lake, str(tmp_path / "a file" / "below"))
    with pytest.raises(MirrorFailed):
        pushed(lake, "unknown://bucket")


def small_lake(folder: Path) -> Lake:
    """Two signals of a vehicle, a poll, and two tables of models: one by days, one without a day yet."""
    lake = Lake(folder / "lake")
    with duckdb.connect() as session:
        for name, query in {
            DAY: "select '1' as codigo, moment as datahora, -22.9 as latitude, -43.3 as longitude, "
            "cast(null as double) as latitude_exata, cast(null as double) as longitude_exata, 7 as load_id "
            "from unnest([timestamptz '2026-11-23 12:00:00+00', timestamptz '2026-11-23 12:01:00+00']) as t (moment)",
            POLLS: "select 'x' as capturer, 'w' as janela, '' as feed_url, '' as code_version, 'ok' as status, "
            "timestamptz '2026-11-23 12:02:00+00' as tick, 2 as records, 2 as signals, 0 as rejects, 7 as load_id, "
            "cast(null as varchar) as alerts",
            MART: "select 'v1' as viagem_id",
            "modelos/_schemas/passagens.parquet": "select 'p1' as passagem_id, null::date as dia_operacao limit 0",
        }.items():
            path = lake.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            session.execute(f"set TimeZone = 'UTC'; copy ({query}) to '{path}' (format parquet)")
    (lake.folder / "modelos/views.json").write_text('{"ida": "create view ida as select viagem_id from viagens;"}')
    return lake


def check_remote(address: str) -> None:
    with open_remote(address) as session:
        for query, expected in {
            "select count(*), min(data), sum(latitude) from brt_raw": [(2, date(2026, 11, 23), -45.8)],
            "select polls, captured_minutes from brt_window": [(1, 1)],
            "select viagem_id, dia_operacao from viagens": [("v1", date(2026, 11, 23))],
            "select viagem_id from ida": [("v1",)],
            "select count(*) from passagens": [(0,)],
        }.items():
            assert session.execute(query).fetchall() == expected, query


def test_a_copy_is_queried_where_it_is(tmp_path: Path) -> None:
    pushed(small_lake(tmp_path), str(tmp_path / "copy"))
    check_remote(str(tmp_path / "copy"))


def test_a_place_without_a_lake_says_so(tmp_path: Path) -> None:
    for address in (str(tmp_path), "unknown://bucket"):
        with pytest.raises(RemoteUnreadable, match="cannot be read"), open_remote(address):
            pass


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of a double of S3, with its options."""
    port = free_port()
    command = [Path(sysconfig.get_path("scripts")) / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        while "Running on" not in (line := server.stderr.readline()):
            assert line, "moto_server ended"
        yield f"?endpoint_override=127.0.0.1:{port}&scheme=http&allow_bucket_creation=true&region=us-east-1"
        server.terminate()
        server.stderr.close()


@pytest.fixture
def bucket(storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    name = f"cidade-{tmp_path.name.replace('_', '-')}"
    fs.FileSystem.from_uri(f"s3://{name}/brt{storage}")[0].create_dir(name)
    return f"s3://{name}/brt{storage}"


def test_s3_gets_the_lake_by_the_setting(make_resources: Callable[..., Resources], bucket: str) -> None:
    resources = make_resources(lake_mirror=bucket)
    for path in mirror.files(small_lake(resources.settings.folder)):
        # S3 gives its times in whole seconds.
        os.utime(path, (path.stat().st_mtime - 2,) * 2)
    assert [pipeline.mirror(resources).written for _ in range(2)] == [5, 0]


def test_s3_is_queried_where_it_is(tmp_path: Path, bucket: str) -> None:
    pushed(small_lake(tmp_path), bucket)
    check_remote(bucket)


def test_s3_holds_the_lake_object_by_object(lake: Lake, bucket: str) -> None:
    assert set(pushed(lake, bucket).values()) == {"written"}
    storage, root = fs.FileSystem.from_uri(bucket)
    with storage.open_input_stream(f"{root}/{DAY}") as stored:
        assert stored.read() == DAY.encode()
    with storage.open_input_stream(f"{root}/{mirror.MARK}") as stored:
        assert json.loads(stored.read()) == {"simulated": False}
    (lake.folder / MART).unlink()
    assert pushed(lake, bucket)[MART] == "deleted"
