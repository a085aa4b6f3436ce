"""A day of the lake that was lost is noticed, and no file that it can be made from again is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brt_watch import pipeline
from brt_watch.archive.importing import Import
from brt_watch.archive.prune import prune
from brt_watch.archive.publish import Publisher
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.windows import drop_csv, drop_raw, has_raw
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.poll import store_and_read
from brt_watch.cli import app
from brt_watch.clock import StillClock
from brt_watch.model import Poll, Status
from brt_watch.pipeline import load
from brt_watch.resources import Resources
from tests.made_vehicles import NOON, body, recorded_minutes, vehicle, write_recording

STEP = timedelta(seconds=20)


def loaded(resources: Resources, files: CaptureFiles) -> Path:
    """Return an archived window with six signals, three on each of two days."""
    window = files.new_window(NOON)
    for number in range(3):
        tick = NOON + number * STEP
        content = body(vehicle("1", tick), vehicle("2", tick - timedelta(days=1)))
        poll = Poll(tick, Status.OK, requested_at=tick, captured_at=tick)
        window.record(*store_and_read(poll, content, window))
    load(files.close(window), replace(resources, files=files))
    (folder,) = files.archived()
    return folder


def of_an_import(resources: Resources, name: str = "imports/june-1") -> CaptureFiles:
    """Return the windows of another source in the same data folder."""
    files = CaptureFiles(resources.files.data / name, "june.jsonl")
    files.data.mkdir(parents=True)
    (files.data / "capturer").write_text(name.replace("/", "-"))
    return files


def signals_of(resources: Resources) -> list[tuple[object, ...]]:
    with resources.lake.session() as session:
        return session.execute("select * exclude (load_id) from brt_raw order by codigo, datahora").fetchall()


@pytest.fixture
def alone(make_resources: Callable[..., Resources]) -> Resources:
    """Without Postgres."""
    return make_resources(database_url="none", keep_raw_days=1)


SOURCES = ("imports/june-1", "recovered", "")


@pytest.mark.parametrize("name", SOURCES)
def test_the_last_copy_of_a_lost_day_is_not_pruned(alone: Resources, clock: StillClock, name: str) -> None:
    folder = loaded(alone, of_an_import(alone, name) if name else alone.files)
    clock.time = NOON + timedelta(days=3)
    drop_csv(folder)
    file = alone.lake.day_file("2026-11-22")
    shutil.move(file, file.with_suffix(".away"))
    pruned = prune(alone)
    assert (pruned.raw_dropped, has_raw(folder)) == ([], True)
    assert pruned.kept == [f"{folder.name}: the lake has 3 of the 6 signals it brought, and its CSV is gone"]
    shutil.move(file.with_suffix(".away"), file)
    assert prune(alone, dry_run=True).raw_dropped == [folder.name]
    assert has_raw(folder)
    assert prune(alone).raw_dropped == [folder.name]
    assert not has_raw(folder)


@pytest.mark.parametrize("is_pruned", [False, True])
def test_lost_rejects_are_named_and_added_again(
    alone: Resources, monkeypatch: pytest.MonkeyPatch, is_pruned: bool
) -> None:
    """As in a lake from before they were in it; also when nothing else is left of the window."""
    window = alone.files.new_window(NOON)
    poll = Poll(NOON, Status.OK, requested_at=NOON, captured_at=NOON)
    window.record(*store_and_read(poll, body(vehicle("1", NOON), vehicle("2", NOON, latitude=None)), window))
    load(alone.files.close(window), alone)
    monkeypatch.setenv("BRT_WATCH_DATA", str(alone.settings.data))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    run = CliRunner().invoke
    assert run(app, ["verify"]).exit_code == 0
    shutil.rmtree(alone.lake.folder / "rejects")
    if is_pruned:
        (folder,) = alone.files.archived()
        drop_csv(folder)
        drop_raw(folder)
    assert (
        run(app, ["verify"])
        .stdout.splitlines()[0]
        .endswith(": 1 rejects on the disk, 1 loaded, 0 in the lake now; brt-watch lake build adds them again")
    )
    assert run(app, ["lake", "build"]).stdout == f"1 windows added, {int(not is_pruned)} new signals\n"
    assert run(app, ["verify"]).exit_code == 0


@pytest.mark.parametrize("name", SOURCES)
def test_a_rebuild_reaches_every_source(alone: Resources, name: str) -> None:
    folder = loaded(alone, of_an_import(alone, name) if name else alone.files)
    before = signals_of(alone)
    alone.lake.day_file("2026-11-22").unlink()
    assert windows_to_rebuild(alone, None) == [folder]
    rebuild(folder, alone, from_raw=True)
    assert signals_of(alone) == before


@pytest.mark.parametrize(
    ("name", "has_csv"),
    [
        *(("", True), ("", False), ("imports/june-1", True), ("recovered", False)),
        *(pytest.param(*each, marks=pytest.mark.deep) for each in (("imports/june-1", False), ("recovered", True))),
    ],
)
def test_a_lost_day_is_named_and_added_again(
    alone: Resources, monkeypatch: pytest.MonkeyPatch, name: str, has_csv: bool
) -> None:
    folder = loaded(alone, of_an_import(alone, name) if name else alone.files)
    before = signals_of(alone)
    monkeypatch.setenv("BRT_WATCH_DATA", str(alone.settings.data))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    run = CliRunner().invoke
    assert run(app, ["verify"]).stdout == "the archive and the lake agree\n"
    if not has_csv:
        drop_csv(folder)
    alone.lake.day_file("2026-11-22").unlink()
    named = run(app, ["verify"])
    assert (named.exit_code, named.stdout.splitlines()[0]) == (
        *(1, f"{folder.name}: 6 signals loaded, 3 in the lake now; brt-watch lake build adds them again"),
    )
    assert run(app, ["lake", "build"]).stdout == "1 windows added, 6 new signals\n"
    assert signals_of(alone) == before
    assert run(app, ["verify"]).exit_code == 0
    assert run(app, ["lake", "build"]).stdout == "0 windows added, 0 new signals\n"


def test_importing_again_adds_a_lost_day_again(alone: Resources, tmp_path: Path) -> None:
    source = Import.of(write_recording(tmp_path / "june.jsonl.gz", recorded_minutes()), alone)
    list(source.write_answers(None))
    assert sum(each.signals for each in source.load(pipeline.load)) > 0
    before = signals_of(alone)
    assert list(source.load(pipeline.load)) == []
    alone.lake.day_file(alone.lake.days()[-1]).unlink()
    assert len(list(source.load(pipeline.load))) == 1
    assert signals_of(alone) == before


def test_a_published_file_that_was_cut_is_written_again(alone: Resources, tmp_path: Path) -> None:
    loaded(alone, alone.files)
    publisher = Publisher(alone.lake, tmp_path / "site", "network", alone.city, simulated=False)
    now = NOON + timedelta(hours=8)
    assert list(publisher.publish(now)) == [("2026-11-22", "new")]
    file = tmp_path / "site" / "dias" / "2026-11-22" / "sinais.csv.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:10])
    assert list(publisher.publish(now)) == [("2026-11-22", "a file has another size")]
    assert file.read_bytes() == whole
    file.unlink()
    assert list(publisher.publish(now)) == [("2026-11-22", "a file is missing")]
    assert list(publisher.publish(now)) == [("2026-11-22", "")]
