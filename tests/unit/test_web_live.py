"""The page reads the disk while the capture writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch import disk, health, pipeline
from brt_watch.archive.windows import pack
from brt_watch.capture import window
from brt_watch.capture.ledger import LedgerLine
from brt_watch.capture.ticks import next_ticks
from brt_watch.capture.window import CSV, POLLS, read_ledger
from brt_watch.clock import StillClock
from brt_watch.errors import DamagedWindow
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.transform.live import KEPT, LiveEngine
from brt_watch.web import live, new_polls
from brt_watch.web.app import create_app
from brt_watch.web.live import Live
from brt_watch.web.new_polls import NewPolls, WaitingWindows
from tests.ask_web import ask
from tests.made_vehicles import body, vehicle

STEP = timedelta(seconds=20)


def poll(resources: Resources, clock: StillClock) -> datetime:
    """Capture at the next tick; returns the tick of the ledger."""
    tick = pipeline.capture(next(next_ticks(resources)), resources).tick
    clock.time += STEP - timedelta(seconds=1)
    return tick


def taken(new: NewPolls) -> list[datetime]:
    ticks: list[datetime] = []
    new.take(lambda polls, _: ticks.extend(poll.tick for poll in polls))
    return ticks


def wait(resources: Resources) -> None:
    """Keep closed windows waiting, as while Postgres is down."""


def archive(resources: Resources) -> None:
    for folder in resources.files.closed_windows():
        resources.files.to_archive(folder)


@pytest.mark.parametrize("load", [wait, archive])
def test_each_poll_is_taken_once_after_a_set_back(
    resources: Resources, clock: StillClock, load: Callable[[Resources], None]
) -> None:
    new = NewPolls(resources.files, KEPT)
    for set_back in (timedelta(), timedelta(hours=2), timedelta(days=40)):
        clock.time -= set_back
        for _ in range(45):
            tick = poll(resources, clock)
            assert taken(new) == [tick]
            load(resources)
            assert taken(new) == []


def test_first_look_after_a_set_back_takes_the_past_once(resources: Resources, clock: StillClock) -> None:
    for set_back in (timedelta(), timedelta(hours=2)):
        clock.time -= set_back
        for _ in range(100):
            last = poll(resources, clock)
        archive(resources)
    new = NewPolls(resources.files, KEPT)
    assert taken(new)[-1] == last
    for _ in range(90):
        tick = poll(resources, clock)
        archive(resources)
        assert taken(new) == [tick]


def test_polls_of_several_windows_are_taken_in_order(resources: Resources, clock: StillClock) -> None:
    new = NewPolls(resources.files, KEPT)
    assert taken(new) == []
    for load in (wait, archive):
        ticks = [poll(resources, clock) for _ in range(100)]
        load(resources)
        assert taken(new) == ticks


@pytest.mark.parametrize("moment", ["before the ledgers are read", "between two windows"])
def test_a_window_moved_during_the_first_look_is_taken(
    resources: Resources, clock: StillClock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The page starts while the past is loaded: it must not believe to have all since then, with a hole in it."""
    ticks = [poll(resources, clock) for _ in range(150)]
    read, found = new_polls.read_growing_ledger, []

    def load() -> None:
        for folder in resources.files.closed_windows():
            pack(resources.files.to_archive(folder))

    def read_late(folder: Path) -> list[LedgerLine]:
        if moment == "before the ledgers are read":
            load()
        return read(folder)

    def consume(polls: list[Poll], lines: bytes) -> None:
        found.extend(polls)
        assert lines.count(b"\n") == sum(each.records for each in polls)
        load()

    assert len(resources.files.closed_windows()) > 2
    monkeypatch.setattr(new_polls, "read_growing_ledger", read_late)
    NewPolls(resources.files, KEPT).take(consume)
    assert [each.tick for each in found] == ticks


def test_a_look_reads_what_was_written_since_the_last_one(
    resources: Resources, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window that stays open for days has a long ledger: the page must not read all of it at each poll."""
    read: list[int] = []
    read_lines = window.read_lines
    monkeypatch.setattr(window, "read_lines", lambda data: (read.append(len(data)), read_lines(data))[1])
    new, waiting = NewPolls(resources.files, KEPT), WaitingWindows(resources.files)
    poll(resources, clock)
    (folder,) = waiting.folders()
    lines = (folder / POLLS).read_bytes().splitlines(keepends=True)
    (folder / POLLS).write_bytes(b"".join([lines[0], *lines[1:] * 1000]))
    assert len(taken(new)) == 1000
    for number in range(1001, 1004):
        disk.append(folder / POLLS, lines[1])
        read.clear()
        assert len(taken(new)) == 1
        assert len(waiting.polls(clock.now() - KEPT, clock.now())) == number
        assert len(health.look(resources.settings, resources.files, clock).polls) == number
        assert 0 < sum(read) < 5 * len(lines[0] + lines[1])
    (folder / POLLS).write_bytes(lines[0] + lines[1] * 2)
    assert len(window.read_growing_ledger(folder)) == 2


@pytest.fixture
def looking(make_resources: Callable[..., Resources]) -> tuple[Live, Resources]:
    resources = make_resources(postgres_port=1024)
    return create_app(resources).state.deps.live, resources


def test_streams_get_the_first_poll_after_a_set_back(looking: tuple[Live, Resources], clock: StillClock) -> None:
    page, resources = looking
    two_hours = timedelta(hours=2)
    resources.client.script.append(body(vehicle(at=clock.now() - two_hours)))  # type: ignore[attr-defined]
    for set_back in (timedelta(), two_hours):
        clock.time -= set_back
        poll(resources, clock)
        page._publish(*page.look())
    _, event = asyncio.run(page.next_event(1, 1))
    assert event
    (bus,) = json.loads(event.plain.split(b"data: ")[1])["veiculos"]
    assert bus["idade_segundos"] < 60


def test_streams_hear_of_a_poll_before_the_rest_is_derived(
    looking: tuple[Live, Resources], clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, resources = looking
    derive_rest, published = LiveEngine.derive_rest, []

    def rest(engine: LiveEngine) -> None:
        published.append(page.number)
        derive_rest(engine)

    async def run() -> None:
        running = asyncio.create_task(page.run())
        for number in (1, 2):
            poll(resources, clock)
            while len(published) < number or not page.models.is_whole:
                await asyncio.sleep(0.01)
        running.cancel()

    monkeypatch.setattr(LiveEngine, "derive_rest", rest)
    asyncio.run(asyncio.wait_for(run(), 300))
    assert published == [1, 2]


@pytest.mark.parametrize(
    ("path", "needs_the_rest"),
    [
        ("/api/v1/vehicles?linha=22", False),
        ("/api/v1/lines", False),
        ("/api/v1/forecasts", True),
        ("/api/v1/stations", True),
        ("/api/v1/control", True),
        ("/gtfs-rt/trip-updates", True),
    ],
)
def test_who_asks_for_the_rest_gets_it_as_of_the_newest_poll(
    make_resources: Callable[..., Resources],
    clock: StillClock,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    needs_the_rest: bool,
) -> None:
    """The streams get a poll before the rest is derived; an answer made in between would be kept for a whole poll.

    The next poll waits until the answer is read; it would have the vehicles of one poll and the passages of another.
    """
    resources = make_resources(postgres_port=1024)
    app = create_app(resources)
    page: Live = app.state.deps.live
    let_in: list[bool] = []
    dicts = LiveEngine.dicts

    def read(engine: LiveEngine, query: str) -> list[dict[str, Any]]:
        with ThreadPoolExecutor(1) as other:
            let_in.append(other.submit(page.models._lock.acquire, blocking=False).result())
            if let_in[-1]:
                other.submit(page.models._lock.release).result()
        return dicts(engine, query)

    monkeypatch.setattr(LiveEngine, "dicts", read)
    for _ in range(2):
        poll(resources, clock)
        page.look()
        assert not page.models.is_whole
        let_in.clear()
        assert ask(app, path).status_code == 200
        assert page.models.is_whole == needs_the_rest
        assert not needs_the_rest or (let_in and not any(let_in))


def test_the_feed_keeps_its_old_stamp_without_a_good_record(
    make_resources: Callable[..., Resources], clock: StillClock
) -> None:
    """Answers without a usable position do not count: the header of GTFS-Realtime states the age of its content."""
    resources = make_resources(postgres_port=1024)
    app = create_app(resources)
    stamps = []
    for latitude in (-23.006784, "-23.006784", None, "x"):
        answer = body(vehicle(at=clock.now(), latitude=latitude))
        resources.client.script.append(answer)  # type: ignore[attr-defined]
        poll(resources, clock)
        app.state.deps.live.look()
        stamps.append(ask(app, "/gtfs-rt/vehicle-positions?format=json").json()["header"]["timestamp"])
    assert stamps == stamps[:1] * 4
    clock.time += timedelta(minutes=5)
    app.state.deps.live.look()
    assert ask(app, "/api/v1/vehicles").json()["aviso_codigo"] == "captura_parada"


def rotten_file(folder: Path) -> None:
    (folder / "brt.csv.zst").write_bytes(b"rotten")


def rotten_line(folder: Path) -> None:
    disk.packed(folder / CSV).unlink()
    (folder / CSV).write_bytes((b"rotten\r\n" * 100_000)[: read_ledger(folder)[-1].csv_bytes])


@pytest.mark.parametrize("rot", [rotten_file, rotten_line])
def test_damaged_past_window_does_not_hide_the_present(
    looking: tuple[Live, Resources], clock: StillClock, rot: Callable[[Path], None]
) -> None:
    page, resources = looking
    for _ in range(60):
        last = poll(resources, clock)
    (folder,) = resources.files.closed_windows()
    pack(folder)
    rot(resources.files.to_archive(folder))
    page.look()
    assert page.snapshot
    assert page.snapshot.tick == last


def test_damaged_open_window_is_skipped_once_closed(looking: tuple[Live, Resources], clock: StillClock) -> None:
    page, resources = looking
    poll(resources, clock)
    (folder,) = resources.files.newest_first()
    whole = (folder / CSV).read_bytes()
    (folder / CSV).write_bytes(b"\n" + b"x" * (len(whole) - 1))
    with pytest.raises(DamagedWindow):
        page.look()
    for _ in range(60):
        last = poll(resources, clock)
    page.look()
    assert page.snapshot
    assert page.snapshot.tick == last


def test_the_page_goes_on_after_a_window_that_was_damaged(
    looking: tuple[Live, Resources], clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, resources = looking
    poll(resources, clock)

    def damaged(folder: Path) -> None:
        raise DamagedWindow(folder=folder, difference="rotten")

    async def run() -> None:
        running = asyncio.create_task(page.run())
        with monkeypatch.context() as patch:
            patch.setattr(new_polls, "read_growing_ledger", damaged)
            while not page.problem:
                await asyncio.sleep(0.01)
        assert "rotten" in page.problem
        while not page.snapshot:
            await asyncio.sleep(0.01)
        running.cancel()

    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    asyncio.run(asyncio.wait_for(run(), 300))
    assert page.problem is None


@pytest.mark.parametrize("name", [POLLS, CSV])
def test_a_damaged_window_hides_no_other_from_the_history(resources: Resources, clock: StillClock, name: str) -> None:
    started = clock.now()
    ticks = [poll(resources, clock) for _ in range(90)]
    damaged, *others = resources.files.closed_windows()
    assert others
    (damaged / name).write_bytes(b"saved again\n")
    waiting = WaitingWindows(resources.files)
    known = [poll.tick for poll in waiting.polls(started, clock.now())]
    assert set(known) >= set(ticks[39:])


def test_page_reads_twenty_minutes_first_then_hours(looking: tuple[Live, Resources], clock: StillClock) -> None:
    page, resources = looking
    began = clock.now()
    for _ in range(150):
        poll(resources, clock)
    page.look()
    assert page.models.since > began + timedelta(minutes=13)
    count = "select count(*) from public.gps_brt"
    assert page.models.rows(count)[0][0] < 110
    page.look()
    assert (page.models.since, page.models.rows(count)) == (began, [(150,)])
