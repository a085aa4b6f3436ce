from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import zstandard

from brt_watch import disk, pipeline
from brt_watch.archive import tidy as archive
from brt_watch.capture.window import CSV, drop_csv, drop_raw, has_csv, read_ledger
from brt_watch.clock import StillClock
from brt_watch.errors import DamagedWindow, FeedFailed
from brt_watch.feeds import brt as parse
from brt_watch.pipeline import Parts
from tests.fleet import NOON, body, vehicle
from tests.integration.captured import capture, query


def eventful_day(parts: Parts) -> None:
    """Five windows with repeats, conflicts, rejects, failures, an answer that is no contract, and an alert."""
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
    capture(parts, answers, ticks=200)
    for folder in parts.files.closed_windows():
        pipeline.load(folder, parts)


def empty(parts: Parts) -> None:
    with parts.store.connection() as connection:
        connection.execute("truncate brt_raw, brt_reject, brt_poll, brt_window cascade")


@pytest.mark.parametrize("from_raw", [False, True])
def test_the_database_can_be_made_again_with_identical_content(parts: Parts, from_raw: bool) -> None:
    eventful_day(parts)
    before = parts.store.checksums()
    assert before["brt_raw"]["rows"] > 1000
    assert before["brt_reject"]["rows"] > 100
    manifests = [(folder / "manifest.json").read_bytes() for folder in parts.files.archived()]
    empty(parts)
    assert parts.store.checksums() != before
    if from_raw:
        for folder in parts.files.archived():
            (folder / f"{CSV}.zst").unlink()
            (folder / "rejects.csv.zst").unlink()
    for folder in archive.windows_to_rebuild(parts, since=None):
        archive.rebuild(folder, parts, from_raw)
    assert parts.store.checksums() == before
    assert archive.verify(parts) == []
    assert [(folder / "manifest.json").read_bytes() for folder in parts.files.archived()] == manifests


def test_rebuilding_what_is_there_changes_nothing(parts: Parts) -> None:
    eventful_day(parts)
    before = parts.store.checksums()
    for _ in range(2):
        for folder in archive.windows_to_rebuild(parts, since=None):
            archive.rebuild(folder, parts, from_raw=True)
        assert parts.store.checksums() == before


def test_a_change_of_the_rules_reaches_the_past(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    eventful_day(parts)
    assert query(parts, "select count(*) as n from brt_raw where codigo = 'x'") == [{"n": 0}]
    monkeypatch.setattr(parse, "_coordinate", lambda value, limit: value or 0)
    # Other rules come with another process, and what was read by the old ones ends with theirs.
    parse._read.cache_clear()
    request.addfinalizer(parse._read.cache_clear)
    second = parts.files.archived()[1]
    since = read_ledger(second)[0].poll.tick
    assert archive.windows_to_rebuild(parts, since)[0] == second
    for folder in archive.windows_to_rebuild(parts, since):
        archive.rebuild(folder, parts, from_raw=True)
    assert query(parts, "select min(tick) as first from brt_raw where codigo = 'x'") == [{"first": since}]
    assert archive.verify(parts) == []


def test_verify_names_what_differs(parts: Parts) -> None:
    eventful_day(parts)
    assert archive.verify(parts) == []
    first, second, third, fourth, fifth = parts.files.archived()
    with parts.store.connection() as connection:
        connection.execute("delete from brt_raw where load_id = 1 and codigo = '3'")
        connection.execute("delete from brt_poll where tick = %s", (read_ledger(second)[4].poll.tick,))
        connection.execute("update brt_window set \"window\" = '20200101T000000Z' where load_id = 3")
    (fourth / f"{CSV}.zst").write_bytes(b"rotten")
    differences = archive.verify(parts)
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


def test_a_window_that_is_loaded_while_verify_looks_is_no_difference(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_after(owner: object, name: str) -> None:
        look = getattr(owner, name)

        def looking(*arguments: Any) -> Any:
            found = look(*arguments)
            for folder in parts.files.closed_windows():
                pipeline.load(folder, parts)
            return found

        monkeypatch.setattr(owner, name, looking)

    load_after(parts.files, "archived")
    load_after(parts.store, "windows")
    capture(parts, [], ticks=100)
    assert len(parts.files.closed_windows()) == 2
    assert archive.verify(parts) == []
    assert len(parts.files.archived()) == 2


def test_a_window_that_is_loaded_and_not_moved_yet_is_no_difference(parts: Parts) -> None:
    (folder,) = capture(parts, [])
    parts.store.load_window(folder, pipeline.read_manifest(folder))
    assert archive.verify(parts) == []


def test_the_archive_keeps_what_the_settings_want(parts: Parts, clock: StillClock, monkeypatch: Any) -> None:
    eventful_day(parts)
    assert archive.tidy(parts).freed_bytes == 0, "by default it is kept for ever"
    object.__setattr__(parts, "settings", parts.settings.model_copy(update={"keep_csv_days": 1, "keep_raw_days": 2}))
    clock.time = NOON + timedelta(days=1, minutes=20)
    assert len(archive.tidy(parts, dry_run=True).csv_dropped) == 2
    assert all(has_csv(folder) for folder in parts.files.archived())
    tidied = archive.tidy(parts)
    assert (len(tidied.csv_dropped), tidied.raw_dropped) == (2, [])
    assert tidied.freed_bytes > 0
    assert [has_csv(folder) for folder in parts.files.archived()] == [False, False, True, True, True]
    assert archive.verify(parts) == []
    clock.time = NOON + timedelta(days=3)
    archive.tidy(parts)
    assert all("cannot be rebuilt" in difference for difference in archive.verify(parts))
    assert len(read_ledger(parts.files.archived()[0])) == 39, "the ledger stays"


def test_a_rebuild_takes_the_csv_where_the_raw_answers_are_gone_and_raw_answers_where_the_csv_is(parts: Parts) -> None:
    eventful_day(parts)
    before = parts.store.checksums()
    first, second, *_ = parts.files.archived()
    drop_raw(first)
    drop_csv(second)
    empty(parts)
    for folder in parts.files.archived():
        archive.rebuild(folder, parts, from_raw=folder == first)
    assert parts.store.checksums() == before


def test_a_window_that_cannot_be_rebuilt_says_why_and_the_database_keeps_it(parts: Parts) -> None:
    eventful_day(parts)
    before = parts.store.checksums()
    bare, rotten, unreadable, *_ = parts.files.archived()
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
            archive.rebuild(folder, parts, from_raw)
    assert parts.store.checksums() == before


def test_a_load_that_died_while_packing_is_made_good(parts: Parts) -> None:
    (folder,) = capture(parts, [])
    parts.store.load_window(folder, pipeline.read_manifest(folder))
    half_done = disk.packed(folder / CSV)
    half_done.write_bytes(zstandard.compress((folder / CSV).read_bytes()))
    (folder / CSV).unlink()
    assert pipeline.load(folder, parts).again
    (archived,) = parts.files.archived()
    assert not [path.name for path in archived.glob("*.csv")]
    assert archive.verify(parts) == []


def test_a_window_that_a_backup_has_twice_becomes_one(parts: Parts, tmp_path: Path) -> None:
    (folder,) = capture(parts, [])
    shutil.copytree(folder, tmp_path / "copied before")
    pipeline.load(folder, parts)
    (archived,) = parts.files.archived()
    half_copied = [archived / "brt.csv.zst", sorted((archived / "raw").iterdir())[3]]
    whole = {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()}
    half_copied[0].write_bytes(b"")
    half_copied[1].unlink()
    shutil.copytree(tmp_path / "copied before", folder)
    assert pipeline.load(folder, parts).again
    assert parts.files.closed_windows() == []
    assert {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()} == whole
    assert archive.verify(parts) == []


def test_a_window_whose_name_the_archive_has_for_another_one_is_set_aside(parts: Parts, tmp_path: Path) -> None:
    (folder,) = capture(parts, [])
    shutil.copytree(folder, tmp_path / "copied before")
    pipeline.load(folder, parts)
    (archived,) = parts.files.archived()
    (archived / "manifest.json").write_bytes((archived / "manifest.json").read_bytes() + b"\n")
    shutil.copytree(tmp_path / "copied before", folder)
    before = {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()}
    pipeline.load(folder, parts)
    assert [path.name for path in parts.files.damaged.iterdir()] == [folder.name]
    assert {path.name: path.read_bytes() for path in archived.rglob("*") if path.is_file()} == before
    assert parts.files.closed_windows() == []


def test_tidying_looks_at_no_month_before_one_in_which_nothing_is_left(
    parts: Parts, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in (1, 2, 3, 5):
        (parts.files.archive / f"2026-{month:02}" / f"2026{month:02}10T120000Z").mkdir(parents=True)
    for folder in parts.files.archived()[:3]:
        (folder / f"{CSV}.zst").write_bytes(b"x")
    clock.time = datetime(2026, 5, 15, tzinfo=timezone.utc)
    object.__setattr__(parts, "settings", parts.settings.model_copy(update={"keep_csv_days": 30}))
    assert archive.tidy(parts).csv_dropped == ["20260110T120000Z", "20260210T120000Z", "20260310T120000Z"]
    looked_at: list[Path] = []
    monkeypatch.setattr(archive, "has_csv", lambda folder: bool(looked_at.append(folder)))
    assert archive.tidy(parts).csv_dropped == []
    assert [folder.name for folder in looked_at] == ["20260310T120000Z"]


def test_tidying_looks_at_nothing_when_all_is_kept(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.files, "_months", lambda: pytest.fail("the archive was looked at"))
    assert archive.tidy(parts).freed_bytes == 0
