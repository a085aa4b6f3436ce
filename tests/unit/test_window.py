from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brt_watch.archive.windows import pack
from brt_watch.capture import files as capture_files
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import csv_lines
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import CSV, POLLS, REJECTS, OpenWindow, is_closed, read_last_ticks, read_ledger, read_raw
from brt_watch.errors import AlreadyRunning, DamagedWindow
from brt_watch.feeds.brt import parse
from brt_watch.feeds.record import Record
from brt_watch.model import Parsed, Poll, Status
from tests.made_vehicles import NOON, body, vehicle

STEP = timedelta(seconds=20)
GOOD = parse(body(vehicle(), vehicle("901011", placa='a "b",\r\nc'), vehicle("x", latitude=None)))


@pytest.fixture
def files(tmp_path: Path) -> CaptureFiles:
    return CaptureFiles(tmp_path, "http://feed")


def filled(files: CaptureFiles, polls: int) -> OpenWindow:
    window = files.new_window(NOON)
    for number in range(polls):
        write(window, number)
    return window


def write(window: OpenWindow, number: int, parsed: Parsed = GOOD) -> Poll:
    tick = NOON + number * STEP
    raw, sha256 = window.keep_raw(tick, b'{"n":%d}' % number)
    return window.record(Poll(tick, Status.OK, captured_at=tick, raw=raw, body_sha256=sha256), parsed)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (POLLS, CSV, REJECTS)}


def test_the_csv_has_the_capture_time_and_the_apis_fields(files: CaptureFiles) -> None:
    window = filled(files, 1)
    rows = list(csv.reader(io.StringIO((window.folder / CSV).read_bytes().decode(), newline="")))
    assert rows[0] == ["captured_at", *vehicle(), "capacidadePeVeiculo", "capacidadeSentadoVeiculo", "extra"]
    assert rows[2][:3] == ["2026-11-23T12:00:00.000000Z", "901011", 'a "b",\r\nc']
    assert len(rows) == 3


def test_the_ledger_is_read_as_it_was_written(files: CaptureFiles) -> None:
    window = filled(files, 2)
    window.record(Poll(NOON + 2 * STEP, Status.FAILED, "unreachable", 'a\nb, "c"\0', requested_at=NOON))
    polls = [line.poll for line in read_ledger(window.folder)]
    assert [(poll.tick, poll.status, poll.records, poll.rejects) for poll in polls] == [
        (NOON, Status.OK, 2, 1),
        (NOON + STEP, Status.OK, 2, 1),
        (NOON + 2 * STEP, Status.FAILED, 0, 0),
    ]
    assert polls[2].detail == 'a b, "c"'
    assert polls[0] == window.ledger[0].poll


# Of UTF-8; by its name Hypothesis would first encode a million characters.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | text | st.integers() | st.floats(allow_nan=False), min_size=17, max_size=17))
def test_a_csv_line_is_read_back_by_any_csv_reader(values: list[Any]) -> None:
    line = csv_lines([values]).decode()
    assert next(csv.reader(io.StringIO(line, newline=""))) == ["" if value is None else str(value) for value in values]


def test_null_is_nothing_and_the_empty_text_is_two_quotes(files: CaptureFiles) -> None:
    window = files.new_window(NOON)
    write(window, 0, Parsed([Record("1", None, "", 0, 0, 0, *[None] * 10)], []))
    assert (window.folder / CSV).read_bytes().endswith(b'Z,1,,"",0,0,0,,,,,,,,,,\r\n')


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_dying_process_left_half_done_is_mended(files: CaptureFiles, seed: int) -> None:
    chance = random.Random(seed)
    folder = filled(files, 3).folder
    before = contents(folder)
    write(OpenWindow(folder), 3)
    after = contents(folder)
    # The files are written in this order; the process dies inside one of them.
    torn = chance.choice([CSV, REJECTS, POLLS])
    for name in (CSV, REJECTS, POLLS):
        if name == torn:
            cut = chance.randrange(len(before[name]), len(after[name]))
            (folder / name).write_bytes(after[name][:cut])
        elif (CSV, REJECTS, POLLS).index(name) > (CSV, REJECTS, POLLS).index(torn):
            (folder / name).write_bytes(before[name])
    mended = OpenWindow(folder)
    assert contents(folder) == before
    assert [tick for tick, _, _ in mended.unrecorded()] == [NOON + 3 * STEP], "its answer is still there"
    write(mended, 3)
    assert contents(folder) == after


def test_a_window_of_which_only_the_folder_was_made_is_opened(files: CaptureFiles) -> None:
    files.new_window(NOON)
    folder = files.windows / "20261123T120000Z"
    for path in folder.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    window = files.open_window()
    assert window
    assert write(window, 0).records == 2


def test_truncated_window_is_set_aside_never_overwritten(files: CaptureFiles) -> None:
    folder = filled(files, 3).folder
    (folder / CSV).write_text("opened in a spreadsheet")
    assert files.open_window() is None
    assert (files.damaged / folder.name / CSV).read_text() == "opened in a spreadsheet"


FOREIGN = [b"tick;status\n2026;ok\n", b"tick,status\r\n2026,ok,1\r\n", b"\xff\xfe\n\n", b'tick,"status\n\0\n']


@pytest.mark.parametrize("saved", FOREIGN)
def test_a_replaced_ledger_does_not_stop_the_capture(files: CaptureFiles, saved: bytes) -> None:
    folder = filled(files, 3).folder
    (folder / POLLS).write_bytes(saved)
    assert files.newest_tick() is None
    assert files.open_window() is None
    assert (files.damaged / folder.name / POLLS).exists()
    assert files.newest_tick() is None, "where it was set aside it is not read either"


def test_two_windows_of_one_name_can_be_set_aside(files: CaptureFiles) -> None:
    for _ in range(3):
        folder = filled(files, 1).folder
        (folder / CSV).write_text("cut")
        assert files.open_window() is None
    assert sorted(path.name for path in files.damaged.iterdir()) == [folder.name + end for end in ("", ".2", ".3")]


def test_unreadable_answers_and_foreign_files_stop_no_capture(files: CaptureFiles) -> None:
    window = filled(files, 2)
    window.keep_raw(NOON + 5 * STEP, b"{}")
    (window.folder / "raw" / "20261123T120140Z.json.zst").write_bytes(b"not packed")
    (window.folder / "raw" / "a copy.json.zst").write_bytes(b"")
    (window.folder / "raw" / "20261123T120200Z.json.zst").write_bytes(b"not packed")
    assert list(window.unrecorded()) == []


def test_raw_answers_are_kept_byte_for_byte_and_once(files: CaptureFiles) -> None:
    window = files.new_window(NOON)
    answer = os.urandom(5000)
    for number in range(3):
        raw, sha256 = window.keep_raw(NOON + number * STEP, answer)
        window.record(Poll(NOON + number * STEP, Status.OK, captured_at=NOON, raw=raw, body_sha256=sha256))
    assert [path.name for path in (window.folder / "raw").iterdir()] == ["20261123T120000Z.json.zst"]
    assert {line.poll.raw for line in window.ledger} == {"20261123T120000Z.json.zst"}
    assert read_raw(window.folder / "raw" / "20261123T120000Z.json.zst") == answer


def test_a_manifest_adds_up_and_notices_a_changed_file(files: CaptureFiles) -> None:
    window = filled(files, 4)
    folder = files.close(window)
    manifest = read_manifest(folder)
    assert (manifest.polls, manifest.records, manifest.rejects, manifest.captured_minutes) == (4, 8, 4, 2)
    assert files.open_window() is None
    assert files.closed_windows() == [folder]
    with (folder / CSV).open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamagedWindow, match=r"brt\.csv"):
        read_manifest(folder)


def test_the_newest_tick_is_found_wherever_the_newest_window_is(files: CaptureFiles) -> None:
    assert files.newest_tick() is None
    folder = files.close(filled(files, 4))
    assert files.newest_tick() == NOON + 3 * STEP
    assert files.to_archive(folder) == files.archive / "2026-11" / folder.name
    assert files.newest_tick() == NOON + 3 * STEP


def test_the_newest_tick_is_found_while_a_load_moves_the_window(
    files: CaptureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files.close(filled(files, 4))

    def moved_meanwhile(asked: Path) -> list[datetime]:
        if folder.exists():
            pack(files.to_archive(folder))
        return read_last_ticks(asked)

    monkeypatch.setattr(capture_files, "read_last_ticks", moved_meanwhile)
    assert files.newest_tick() == NOON + 3 * STEP


def test_a_window_that_a_load_moves_away_is_not_the_open_one(
    files: CaptureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files.close(filled(files, 4))

    def moved_meanwhile(asked: Path) -> bool:
        if folder.exists():
            files.to_archive(folder)
        return is_closed(asked)

    monkeypatch.setattr(capture_files, "is_closed", moved_meanwhile)
    assert files.open_window() is None


def test_a_data_folder_keeps_its_name_as_capturer(files: CaptureFiles) -> None:
    assert files.capturer == CaptureFiles(files.data, "http://feed").capturer
    assert files.capturer != CaptureFiles(files.data / "other", "http://feed").capturer


def test_only_one_process_writes_at_a_time(files: CaptureFiles) -> None:
    def write() -> None:
        with files.writing():
            pass

    with files.writing():
        process = multiprocessing.get_context("fork").Process(target=_expect_busy, args=(files,))
        process.start()
        process.join()
    assert process.exitcode == 0
    write()


def _expect_busy(files: CaptureFiles) -> None:
    with pytest.raises(AlreadyRunning, match=str(os.getppid())), files.writing():
        pass


def test_a_manifest_is_json_for_people(files: CaptureFiles) -> None:
    folder = files.close(filled(files, 1))
    assert json.loads((folder / "manifest.json").read_text())["window"] == "20261123T120000Z"


def test_open_window_is_reread_only_after_foreign_writes(files: CaptureFiles) -> None:
    mine = filled(files, 4)
    assert files.open_window() is mine
    window = CaptureFiles(files.data, "http://feed").open_window()
    assert window is not None
    assert mine.last == window.last
    write(window, 4)
    now = files.open_window()
    assert now is not None
    assert now is not mine
    assert now.last == window.last
    now.keep_raw(NOON + 9 * STEP, b"{}")
    again = files.open_window()
    assert again is not None
    assert [tick for tick, *_ in again.unrecorded()] == [NOON + 9 * STEP]
