from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from pydantic import SecretStr

from brt_watch import disk, pipeline
from brt_watch.archive.prune import prune
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.verify import compare_signals, verify
from brt_watch.archive.windows import drop_csv, drop_raw
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import CSV, has_csv, read_ledger
from brt_watch.clock import StillClock
from brt_watch.errors import DamagedWindow, FeedFailed
from brt_watch.feeds import record
from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from tests.integration.captured import capture, query
from tests.integration.filled import Filled
from tests.made_vehicles import NOON, body, vehicle


def eventful_day(resources: Resources) -> None:
    """Five windows with repeats, conflicts, rejects, failures, an answer that breaks the contract, and an alert."""
    chance = random.Random(1)
    answers: list[Any] = []
    for poll in range(200):
        at = NOON + poll * timedelta(seconds=20)
        records = [
            vehicle(str(n), at - timedelta(seconds=chance.choice([0, 20, 600])), direcao=chance.choice([" ", 5, 7]))
            for n in range(15)
        ]
        answers.append(body(*records, vehicle("x", latitude=None)))
    answers[10], answers[50], answers[51] = FeedFailed("unreachable", "no route"), b"<html>", body(vehicle(novo="\\"))
    capture(resources, answers, ticks=200)
    for folder in resources.files.closed_windows():
        pipeline.load(folder, resources)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory, server: Server, template: str, worker_id: str) -> Filled:
    return Filled.by(eventful_day, server, template, f"day_{worker_id}", tmp_path_factory.mktemp("day"))


@pytest.fixture
def database(request: pytest.FixtureRequest, template: str, make_database: Callable[[str], SecretStr]) -> SecretStr:
    """The tables, which have the eventful day already for a test that asks for it."""
    like = request.getfixturevalue("eventful").database if "day" in request.fixturenames else template
    return make_database(like)


@pytest.fixture
def day(eventful: Filled, resources: Resources) -> Resources:
    return eventful.into(resources)


def test_a_load_stores_what_earlier_versions_stored(resources: Resources) -> None:
    """The checksum was taken with the loader that split the lines of the CSV in Python."""
    resources.settings.folder.mkdir(exist_ok=True)
    (resources.files.data / "capturer").write_text("test")
    eventful_day(resources)
    assert resources.store.checksums()["brt_raw"] == {"rows": 2107, "checksum": "-52943902455952082463"}


def empty(resources: Resources) -> None:
    with resources.store.connection() as connection:
        connection.execute("truncate brt_raw, brt_reject, brt_poll, brt_window cascade")


@pytest.mark.parametrize("from_raw", [False, True])
def test_the_database_can_be_rebuilt_with_identical_content(day: Resources, from_raw: bool) -> None:
    before = day.store.checksums()
    assert before["brt_raw"]["rows"] > 1000
    assert before["brt_reject"]["rows"] > 100
    manifests = [(folder / "manifest.json").read_bytes() for folder in day.files.archived()]
    empty(day)
    assert day.store.checksums() != before
    if from_raw:
        for folder in day.files.archived():
            (folder / f"{CSV}.zst").unlink()
            (folder / "rejects.csv.zst").unlink()
    for folder in windows_to_rebuild(day, since=None):
        rebuild(folder, day, from_raw)
    assert day.store.checksums() == before
    assert verify(day) == []
    assert [(folder / "manifest.json").read_bytes() for folder in day.files.archived()] == manifests


def test_rebuilding_what_is_there_changes_nothing(day: Resources) -> None:
    before = day.store.checksums()
    for _ in range(2):
        for folder in windows_to_rebuild(day, since=None):
            rebuild(folder, day, from_raw=True)
        assert day.store.checksums() == before


def test_a_change_of_the_rules_reaches_the_past(
    day: Resources, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    assert query(day, "select count(*) as n from brt_raw where codigo = 'x'") == [{"n": 0}]
    monkeypatch.setattr(record, "_coordinate", lambda value, limit: value or 0)
    # Other rules come with another process, and what was read by the old ones ends with theirs.
    record.read_entry.cache_clear()
    request.addfinalizer(record.read_entry.cache_clear)
    second = day.files.archived()[1]
    since = read_ledger(second)[0].poll.tick
    assert windows_to_rebuild(day, since)[0] == second
    for folder in windows_to_rebuild(day, since):
        rebuild(folder, day, from_raw=True)
    assert query(day, "select min(tick) as first from brt_raw where codigo = 'x'") == [{"first": since}]
    assert verify(day) == []


def test_verify_names_what_differs(day: Resources) -> None:
    assert verify(day) == []
    first, second, third, fourth, fifth = day.files.archived()
    with day.store.connection() as connection:
        connection.execute("delete from brt_raw where load_id = 1 and codigo = '3'")
        connection.execute("delete from brt_poll where tick = %s", (read_ledger(second)[4].poll.tick,))
        connection.execute("update brt_window set \"window\" = '20200101T000000Z' where load_id = 3")
    (fourth / f"{CSV}.zst").write_bytes(b"rotten")
    differences = verify(day)
    assert [difference.split(":")[0] for difference in differences] == [
        first.name,
        second.name,
        second.name,
        third.name,
        fourth.name,
        "20200101T000000Z",
    ]
    assert "signals loaded" in differences[0]
    assert "39 polls on the disk, 39 loaded, 38 in the database now" in differences[1]
    assert fifth.name not in str(differences)


def test_window_loaded_during_verify_is_no_difference(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_after(owner: object, name: str) -> None:
        look = getattr(owner, name)

        def looking(*arguments: Any) -> Any:
            found = look(*arguments)
            for folder in resources.files.closed_windows():
                pipeline.load(folder, resources)
            return found

        monkeypatch.setattr(owner, name, looking)

    load_after(resources.files, "archived")
    load_after(resources.store, "windows")
    capture(resources, [], ticks=100)
    assert len(resources.files.closed_windows()) == 2
    assert verify(resources) == []
    assert len(resources.files.archived()) == 2


def test_window_loaded_but_not_archived_is_no_difference(resources: Resources) -> None:
    (folder,) = capture(resources, [])
    resources.store.load_window(folder, read_manifest(folder))
    assert verify(resources) == []


def test_the_archive_keeps_what_the_settings_want(day: Resources, clock: StillClock, monkeypatch: Any) -> None:
    assert prune(day).freed_bytes == 0, "by default it is kept for ever"
    object.__setattr__(day, "settings", day.settings.model_copy(update={"keep_csv_days": 1, "keep_raw_days": 2}))
    clock.time = NOON + timedelta(days=1, minutes=20)
    assert len(prune(day, dry_run=True).csv_dropped) == 2
    assert all(has_csv(folder) for folder in day.files.archived())
    pruned = prune(day)
    assert (len(pruned.csv_dropped), pruned.raw_dropped) == (2, [])
    assert pruned.freed_bytes > 0
    assert [has_csv(folder) for folder in day.files.archived()] == [False, False, True, True, True]
    assert verify(day) == []
    clock.time = NOON + timedelta(days=3)
    prune(day)
    assert all("cannot be rebuilt" in difference for difference in verify(day))
    assert len(read_ledger(day.files.archived()[0])) == 39, "the ledger stays"


def test_rebuild_uses_csv_or_raw_whichever_is_left(
    day: Resources,
) -> None:
    before = day.store.checksums()
    first, second, *_ = day.files.archived()
    drop_raw(first)
    drop_csv(second)
    empty(day)
    for folder in day.files.archived():
        rebuild(folder, day, from_raw=folder == first)
    assert day.store.checksums() == before


def test_failed_rebuild_says_why_and_database_keeps_its_rows(day: Resources) -> None:
    before = day.store.checksums()
    bare, rotten, unreadable, *_ = day.files.archived()
    drop_raw(bare)
    drop_csv(bare)
    (rotten / "brt.csv.zst").write_bytes(zstandard.compress(b"others"))
    next((unreadable / "raw").iterdir()).write_bytes(b"not packed")
    for folder, from_raw, why in (
        (bare, False, "any more"),
        (rotten, False, "changed"),
        (unreadable, True, "cannot be read"),
    ):
        with pytest.raises(DamagedWindow, match=why):
            rebuild(folder, day, from_raw)
    assert day.store.checksums() == before


def test_a_load_that_died_while_packing_is_made_good(resources: Resources) -> None:
    (folder,) = capture(resources, [])
    resources.store.load_window(folder, read_manifest(folder))
    half_done = disk.packed(folder / CSV)
    half_done.write_bytes(zstandard.compress((folder / CSV).read_bytes()))
    (folder / CSV).unlink()
    assert pipeline.load(folder, resources).again
    (archived,) = resources.files.archived()
    assert not [path.name for path in archived.glob("*.csv")]
    assert verify(resources) == []


def test_a_window_that_a_backup_has_twice_becomes_one(resources: Resources, tmp_path: Path) -> None:
    (folder,) = capture(resources, [])
    shutil.copytree(folder, tmp_path / "copied before")
    pipeline.load(folder, resources)
    (archived,) = resources.files.archived()
    half_copied = [archived / "brt.csv.zst", sorted((archived / "raw").iterdir())[3]]
    whole = {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()}
    half_copied[0].write_bytes(b"")
    half_copied[1].unlink()
    shutil.copytree(tmp_path / "copied before", folder)
    assert pipeline.load(folder, resources).again
    assert resources.files.closed_windows() == []
    assert {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()} == whole
    assert verify(resources) == []


def test_window_with_a_name_taken_in_the_archive_is_set_aside(resources: Resources, tmp_path: Path) -> None:
    (folder,) = capture(resources, [])
    shutil.copytree(folder, tmp_path / "copied before")
    pipeline.load(folder, resources)
    (archived,) = resources.files.archived()
    (archived / "manifest.json").write_bytes((archived / "manifest.json").read_bytes() + b"\n")
    shutil.copytree(tmp_path / "copied before", folder)
    before = {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()}
    pipeline.load(folder, resources)
    assert [path.name for path in resources.files.damaged.iterdir()] == [folder.name]
    assert {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()} == before
    assert resources.files.closed_windows() == []


def test_pruning_skips_months_before_the_last_empty_one(
    resources: Resources, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in (1, 2, 3, 5):
        (resources.files.archive / f"2026-{month:02}" / f"2026{month:02}10T120000Z").mkdir(parents=True)
    for folder in resources.files.archived()[:3]:
        (folder / f"{CSV}.zst").write_bytes(b"x")
    monkeypatch.setattr("brt_watch.archive.prune._unproven", lambda *_: "")
    clock.time = datetime(2026, 5, 15, tzinfo=timezone.utc)
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"keep_csv_days": 30}))
    assert prune(resources).csv_dropped == ["20260110T120000Z", "20260210T120000Z", "20260310T120000Z"]
    looked_at: list[Path] = []
    monkeypatch.setattr("brt_watch.archive.prune.has_csv", lambda folder: bool(looked_at.append(folder)))
    assert prune(resources).csv_dropped == []
    assert [folder.name for folder in looked_at] == ["20260310T120000Z"]


def test_pruning_looks_at_nothing_when_all_is_kept(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources.files, "_months", lambda: pytest.fail("the archive was looked at"))
    assert prune(resources).freed_bytes == 0


def test_the_lake_has_exactly_the_signals_of_the_database(day: Resources) -> None:
    """Also those that came late, changed, or were sent at other times; and again after a rebuild by other means."""
    assert day.lake.day_sums([day.files.capturer])
    assert compare_signals(day) == []
    assert sum(rows for rows, _ in day.lake.day_sums([day.files.capturer]).values()) > 1000
    first = day.files.archived()[0]
    rebuild(first, day, from_raw=True)
    assert compare_signals(day) == []
    assert verify(day) == []
    with day.store.connection() as connection:
        connection.execute("update brt_raw set velocidade = velocidade + 1e-9 where load_id = 2 and codigo = '3'")
    (difference,) = compare_signals(day)
    assert "2026-11-23: the database has" in difference


def test_other_unknown_fields_are_a_difference_to_the_lake(resources: Resources) -> None:
    """The order and spelling do not matter: Postgres chooses them."""
    odd = vehicle("1", b=[1.50, {"z": None, "a": "é"}], a=1e2, zero=-0.0, long=12345678901234567890.5)
    capture(resources, [body(odd, vehicle("2", novo="x"), vehicle("3"))])
    for folder in resources.files.closed_windows():
        pipeline.load(folder, resources)
    assert compare_signals(resources) == []
    with resources.store.connection() as connection:
        connection.execute("""update brt_raw set extra = '{"novo": "y"}' where codigo = '2'""")
    (difference,) = compare_signals(resources)
    assert "the database has 3 signals" in difference


def test_a_lake_that_lacks_a_window_is_named(day: Resources) -> None:
    shutil.rmtree(day.lake.folder / "polls")
    assert all("and not in the lake" in difference for difference in verify(day))
    assert len(verify(day)) == 5


def test_raw_answers_are_deleted_only_when_the_lake_has_them(day: Resources, clock: StillClock, tmp_path: Path) -> None:
    object.__setattr__(day, "settings", day.settings.model_copy(update={"keep_raw_days": 1}))
    clock.time = NOON + timedelta(days=2)
    file = day.lake.day_file("2026-11-23")
    shutil.copy(file, tmp_path / "whole.parquet")
    with duckdb.connect() as session:
        session.execute(
            f"copy (select * replace (if(codigo = '3', 1, velocidade) as velocidade) from '{tmp_path}/whole.parquet') "
            f"to '{file}' (format parquet)"
        )
    pruned = prune(day)
    assert (pruned.raw_dropped, pruned.freed_bytes, len(pruned.kept)) == ([], 0, 5)
    assert "the lake lacks" in pruned.kept[0]
    shutil.copy(tmp_path / "whole.parquet", file)
    assert len(prune(day).raw_dropped) == 5
