"""One process captures several feeds: each in its own files, and none delays another."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from google.transit import gtfs_realtime_pb2 as pb

from brt_watch import pipeline
from brt_watch.capture.contract import Watch, watch
from brt_watch.capture.fetch import Client, Response
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.newest import newest_records
from brt_watch.capture.window import CSV, read_ledger
from brt_watch.clock import MINUTE, PretendClock, StillClock, floor
from brt_watch.errors import FeedFailed, SettingsError
from brt_watch.feeds import NAMES, POLLED, feed_named
from brt_watch.feeds.listed import parse_feeds
from brt_watch.health import look, problems
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.settings import load_settings
from brt_watch.web.app import create_app
from brt_watch.web.listed_feeds import state_of
from tests.ask_web import ask
from tests.conftest import ScriptedFeed, make_settings
from tests.made_vehicles import NOON, body, vehicle
from tests.sppo import Sent, SppoDouble

GTFS_RT = "gtfs_rt:http://127.0.0.1:9/vp"


def message(at: datetime, vehicles: int = 1, metres_north: float = 0, speed: float | None = None) -> bytes:
    """Return a GTFS-Realtime message whose vehicles are so far north of where they began."""
    found = pb.FeedMessage()
    found.header.gtfs_realtime_version = "2.0"
    found.header.timestamp = int(at.timestamp())
    for number in range(vehicles):
        told = found.entity.add(id=f"e{number}").vehicle
        told.vehicle.id, told.timestamp = f"bus {number}", int(at.timestamp())
        told.position.latitude = 42.3 + number / 100 + metres_north / 111_195
        told.position.longitude = -71.06
        if speed is not None:
            told.position.speed = speed
    return bytes(found.SerializeToString())


# -- the list --------------------------------------------------------------------------------------------------------


def test_the_list_names_feeds_with_kinds_and_addresses() -> None:
    first, second = parse_feeds(f"rt={GTFS_RT}  onibus=sppo_zirix:https://example.org/gps?a=1")
    assert (first.name, first.kind, first.url) == ("rt", "gtfs_rt", "http://127.0.0.1:9/vp")
    assert (second.name, second.kind, second.url) == ("onibus", "sppo_zirix", "https://example.org/gps?a=1")
    assert set(NAMES) - set(POLLED) == {"its_minutes"}


def test_a_further_feed_has_not_the_name_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRT_WATCH_FEED", "gtfs_rt")
    monkeypatch.setenv("BRT_WATCH_FEEDS", f"gtfs_rt={GTFS_RT}")
    with pytest.raises(SettingsError, match="'gtfs_rt' is the name of the first feed"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rt", "'rt' has no kind or address"),
        ("rt=gtfs:http://127.0.0.1/", "'gtfs' is not a kind of feed"),
        (f"public={GTFS_RT}", "'public' is not a valid feed name"),
        (f"../x={GTFS_RT}", "'../x' is not a valid feed name"),
        (f"rt={GTFS_RT} rt={GTFS_RT}", "'rt' is listed twice"),
        ("rt=gtfs_rt:ftp://127.0.0.1/", "the address of 'rt' does not start with http"),
        ("rt=gtfs_rt@45:http://127.0.0.1/", "'rt' is asked every 45 s; it must be 10, 15, 20, 30, 60"),
        ("rt=gtfs_rt@30:http://127.0.0.1/", "the feed rt is asked every 30 s, which must be a multiple of it"),
    ],
)
def test_a_wrong_list_is_refused_with_the_entry(monkeypatch: pytest.MonkeyPatch, text: str, says: str) -> None:
    monkeypatch.setenv("BRT_WATCH_FEEDS", text)
    with pytest.raises(SettingsError, match=says.replace("(", r"\(")):
        load_settings()


def test_without_a_list_the_brt_alone_is_captured(tmp_path: Path) -> None:
    resources = Resources.from_settings(make_settings(tmp_path))
    assert resources.feeds == (resources,)
    assert resources.files.feed.name == "brt"
    assert resources.files.data == tmp_path


# -- one process -----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(make_resources: Callable[..., Resources], clock: StillClock, tmp_path: Path) -> Resources:
    """The BRT and a GTFS-Realtime, both scripted."""
    made = make_resources()
    listed = Resources.from_settings(make_settings(tmp_path / "data", feeds=f"rt={GTFS_RT}"))
    (further,) = listed.further
    scripted: Any = ScriptedFeed(clock, [message(NOON) for _ in range(50)], seconds=0)
    return replace(made, settings=listed.settings, further=(replace(further, clock=clock, client=scripted),))


def test_each_feed_has_its_own_windows_and_ledger(two: Resources) -> None:
    polls = pipeline.capture_feeds(NOON, two)
    assert {name: poll.status for name, poll in polls.items()} == {"": Status.OK, "rt": Status.OK}
    (own,), (further,) = ([*each.files.newest_first()] for each in two.feeds)
    assert own.parent == two.settings.folder / "windows"
    assert further.parent == two.settings.folder / "feeds" / "rt" / "windows"
    assert "901008" in (own / CSV).read_text()
    assert "bus 0" in (further / CSV).read_text()


def test_a_feed_may_be_asked_less_often(two: Resources) -> None:
    (listed,) = parse_feeds("rt=gtfs_rt@60:http://127.0.0.1:9/vp")
    (further,) = two.further
    two = replace(two, further=(replace(further, settings=two.settings.of(listed)),))
    polled = [pipeline.capture_feeds(NOON + number * two.step, two) for number in range(7)]
    assert [sorted(polls) for polls in polled] == [["", "rt"], [""], [""], ["", "rt"], [""], [""], ["", "rt"]]
    (window,) = further.files.newest_first()
    assert [line.poll.tick for line in read_ledger(window)] == [NOON + number * MINUTE for number in range(3)]


def test_a_feed_that_fails_costs_the_others_nothing(two: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    (further,) = two.further

    def broken(*_: object, **__: object) -> Response:
        raise RuntimeError("a defect")

    monkeypatch.setattr(further.client, "fetch", broken)
    polls = pipeline.capture_feeds(NOON, two)
    assert list(polls) == [""]
    assert polls[""].status is Status.OK


def test_health_names_the_feed_that_is_silent(two: Resources, clock: StillClock) -> None:
    (further,) = two.further
    further.client.script[:] = [FeedFailed("unreachable", "no route")] * 50  # type: ignore[attr-defined]
    for number in range(20):
        pipeline.capture_feeds(NOON + number * two.step, two)
    found = [problem.sentence for problem in problems(look(two.settings, two.files, clock))]
    assert any("The feed rt: silent" in sentence for sentence in found)
    assert not any("no good answer of the API" in sentence for sentence in found)


def test_windows_of_a_feed_that_is_listed_no_more_are_named(two: Resources, clock: StillClock) -> None:
    pipeline.capture_feeds(NOON, two)
    assert not look(two.settings, two.files, clock).unlisted
    alone = make_settings(two.settings.folder)
    seen = look(alone, two.files, clock)
    assert any("Windows of the feed rt wait" in problem.sentence for problem in problems(seen))
    (further,) = two.further
    further.files.to_archive(further.files.close(further.files.open_window()))  # type: ignore[arg-type]
    assert not look(alone, two.files, clock).unlisted


def test_the_api_shows_every_feed_and_its_vehicles(two: Resources, clock: StillClock) -> None:
    """From the windows on disk; positions come from the last answer that has any."""
    (further,) = two.further
    lost = FeedFailed("unreachable", "no route")
    further.client.script[:] = [message(NOON, 3), message(NOON + two.step, 3, 100, 10), lost]  # type: ignore[attr-defined]
    for number in range(3):
        pipeline.capture_feeds(NOON + number * two.step, two)
    app = create_app(two)
    try:
        own, rt = ask(app, "/api/v1/feeds").json()["feeds"]
        vehicles = ask(app, "/api/v1/feeds/rt/vehicles").json()["features"]
        unknown = ask(app, "/api/v1/feeds/nobody/vehicles")
        of_feed = ask(app, "/api/v1/vehicles?feed=rt").json()
        one = ask(app, "/api/v1/vehicles?feed=rt&codigo=bus 1&idade_max=9999").json()["features"]
        refused = [
            ask(app, f"/api/v1/vehicles?feed={more}").status_code
            for more in ("nobody", "rt&status=Em operação", "rt&format=json")
        ]
    finally:
        app.state.deps.history.reader.close()
    assert (own["feed"], own["situacao"], own["veiculos"]) == ("brt", "ok", 1)
    assert (rt["feed"], rt["formato"], rt["situacao"], rt["motivo"]) == ("rt", "gtfs_rt", "failed", "unreachable")
    assert rt["veiculos"] == 3
    assert rt["ultima_resposta"] < rt["ultima_consulta"]
    assert [each["id"] for each in vehicles] == ["bus 0", "bus 1", "bus 2"]
    assert of_feed["features"] == [{**each, "properties": ANY} for each in vehicles]
    # Both feeds move the same clock, by half a second for each answer, at the same time.
    assert (of_feed["feed"], of_feed["ultima_resposta"][:19]) == ("rt", "2026-11-23T12:00:20")
    assert [each["id"] for each in one] == ["bus 1"]
    assert refused == [404, 422, 422]
    assert vehicles[0]["geometry"]["coordinates"] == pytest.approx([-71.06, 42.3009], abs=1e-4)
    assert vehicles[0]["properties"]["velocidade"] == 36
    assert (unknown.status_code, "brt, rt" in unknown.json()["detail"]) == (404, True)


def test_partial_answers_are_joined_to_positions(make_resources: Callable[..., Resources], clock: StillClock) -> None:
    """An answer of SPPO has only the signals of its span."""
    resources = make_resources(feed="sppo_zirix")
    resources.files.feed = feed_named("sppo_zirix")
    sent = [Sent(bus, NOON + n * MINUTE, NOON + n * MINUTE) for n, bus in ((0, "A1"), (1, "A1"), (3, "B2"))]
    resources = replace(resources, client=SppoDouble(clock, "zirix", sent))  # type: ignore[arg-type]
    for number in range(1, 12):
        pipeline.capture(NOON + number * resources.step, resources)
    found = {record["codigo"]: int(record["dataHora"]) for record in newest_records(resources.files)}
    assert found == {each.ordem: int(each.at.timestamp() * 1000) for each in sent[1:]}


def test_a_window_is_loaded_by_the_feed_that_it_belongs_to(two: Resources) -> None:
    (further,) = two.further
    assert two.of(further.files.windows / "20261123T120000Z") is further
    assert two.of(two.files.windows / "20261123T120000Z") is two
    assert (further.store.schema, two.store.schema) == ("rt", "")


class Doubles(BaseHTTPRequestHandler):
    """Twenty feeds: /0 drips its body a byte at a time, the others answer at once."""

    answers: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = self.answers[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for byte in content if self.path == "/0" else ():
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
            if self.path != "/0":
                self.wfile.write(content)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def doubles() -> Iterator[str]:
    now = datetime.now(timezone.utc)
    Doubles.answers = {f"/{number}": message(now, 395) for number in range(20)}
    Doubles.answers["/brt"] = body(*(vehicle(str(901_000 + number), now) for number in range(750)))
    with ThreadingHTTPServer(("127.0.0.1", 0), Doubles) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_of_twenty_feeds_a_dripping_one_delays_no_other(doubles: str, tmp_path: Path) -> None:
    """7,505 vehicles of nineteen feeds and the BRT's 750; the twentieth drips its body a byte at a time."""
    # The 5 s after which a poll is late take 10 s: time enough for a busy machine. The drip takes longer than a step.
    clock = PretendClock(PretendClock.written(datetime.now(timezone.utc), 0.5))
    listed = " ".join(f"f{number}=gtfs_rt:{doubles}/{number}" for number in range(20))
    settings = make_settings(tmp_path, feeds=listed, poll_seconds=10, clock="").model_copy(
        update={"feed_url": f"{doubles}/brt"}
    )
    made = Resources.from_settings(settings)

    def at_pace(each: Resources) -> Resources:
        client = Client(each.client.url, clock, each.client.max_bytes, each.client.accept)
        return replace(each, clock=clock, client=client)

    resources = replace(at_pace(made), further=tuple(map(at_pace, made.further)))
    first = floor(clock.now(), resources.step) + resources.step
    for tick in (first, first + resources.step):
        pipeline.capture_feeds(tick, resources)
    for each in resources.feeds:
        polls = [line.poll for folder in each.files.newest_first() for line in read_ledger(folder)]
        assert [poll.tick for poll in polls] == [first, first + resources.step], each.name
        if each.name == "f0":
            assert {poll.reason for poll in polls} == {"deadline"}
        else:
            assert {poll.status for poll in polls} == {Status.OK}, each.name
            assert {poll.records for poll in polls} == {395 if each.name else 750}


# -- what has not changed --------------------------------------------------------------------------------------------


class Conditional(BaseHTTPRequestHandler):
    """A feed that answers 304 to a conditional request while its answer is unchanged."""

    tag = '"1"'
    asked: list[str | None]

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("If-None-Match"))
        same = self.headers.get("If-None-Match") == self.tag
        content = b"" if same else message(datetime.now(timezone.utc))
        self.send_response(304 if same else 200)
        self.send_header("ETag", self.tag)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def conditional() -> Iterator[str]:
    Conditional.asked, Conditional.tag = [], '"1"'
    with ThreadingHTTPServer(("127.0.0.1", 0), Conditional) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/vp"
        server.shutdown()


def at_leisure(url: str, folder: Path) -> Resources:
    """Return the resources of a GTFS-Realtime feed at the beginning of a tick that lasts minutes."""
    made = Resources.from_settings(make_settings(folder, feed="gtfs_rt").model_copy(update={"feed_url": url}))
    begin = floor(datetime.now(timezone.utc), made.step) + timedelta(seconds=1)
    clock = PretendClock(PretendClock.written(begin, 0.1))
    return replace(made, clock=clock, client=Client(url, clock, 1 << 20))


def test_an_unchanged_answer_is_a_good_poll_without_records(conditional: str, tmp_path: Path) -> None:
    resources = at_leisure(conditional, tmp_path)
    first = floor(resources.clock.now(), resources.step)
    polls = [pipeline.capture(first + number * timedelta(microseconds=1), resources) for number in range(3)]
    Conditional.tag = '"2"'
    polls.append(pipeline.capture(first + timedelta(microseconds=4), resources))
    assert [(poll.status.is_good, poll.http_status, poll.records) for poll in polls] == [
        (True, 200, 1), (True, 304, 0), (True, 304, 0), (True, 200, 1)
    ]  # fmt: skip
    assert [poll.reason for poll in polls] == ["", "unchanged", "unchanged", ""]
    assert Conditional.asked == [None, '"1"', '"1"', '"1"']


def test_an_answer_that_was_not_recorded_is_asked_for_whole(
    conditional: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a full disk would lose an answer that the feed sends once."""
    made = at_leisure(conditional, tmp_path)
    window = made.files.new_window(floor(made.clock.now(), made.step))

    def full(*_: object) -> tuple[str, str]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(window, "keep_raw", full)
        assert pipeline.capture(floor(made.clock.now(), made.step), made).reason == "disk_full"
    assert made.client.validators == {}


def test_an_unchanged_feed_is_frozen_after_minutes_and_not_silent() -> None:
    state = Watch(advanced_at=NOON, good_at=NOON)
    for number in range(1, 30):
        tick = NOON + number * timedelta(seconds=20)
        poll = Poll(tick, Status.OK, "unchanged", captured_at=tick, http_status=304)
        state, _ = watch(state, poll, None)
    assert [trouble.code for trouble in state.troubles] == ["frozen"]


def test_a_night_without_vehicles_is_captured(two: Resources, clock: StillClock) -> None:
    """Neither a failure nor an alert; nothing is shown where the feed says that nothing runs."""
    (further,) = two.further
    night = [message(NOON + n * two.step, 0) for n in range(1, 20)]
    further.client.script[:] = [message(NOON, 3), *night]  # type: ignore[attr-defined]
    polls = [pipeline.capture_feeds(NOON + n * two.step, two)["rt"] for n in range(20)]
    assert {(poll.status.is_good, poll.reason, poll.records) for poll in polls[1:]} == {(True, "no_vehicles", 0)}
    assert further.files.state.read_watch().troubles == []
    seen = look(two.settings, two.files, clock)
    rt = state_of(further, seen)
    assert (rt.situacao, rt.motivo, rt.veiculos, rt.problemas) == ("ok", "no_vehicles", 0, [])
    assert newest_records(further.files) == []
    unchanged = Poll(NOON + timedelta(hours=1), Status.OK, "unchanged", http_status=304)
    assert watch(further.files.state.read_watch(), unchanged, None)[1] == []


# -- another kind ----------------------------------------------------------------------------------------------------


def test_an_open_window_stays_with_the_kind_it_began_with(
    make_resources: Callable[..., Resources], clock: StillClock
) -> None:
    """A kind that the settings change closes the window: its manifest names the reader of all its records."""

    def poll(kind: str, minute: int) -> Poll:
        resources = make_resources(feed=kind)
        resources.files.feed = feed_named(kind)
        script = ScriptedFeed(clock, [message(NOON + minute * MINUTE, 3, 0, 10.0)], seconds=0)
        return pipeline.capture(NOON + minute * MINUTE, replace(resources, client=script))  # type: ignore[arg-type]

    for minute, kind in enumerate(("gtfs_rt", "gtfs_rt", "gtfs_rt_kmh")):
        assert poll(kind, minute).records == 3
    files = make_resources().files
    (closed,) = files.closed_windows()
    assert read_manifest(closed).feed == "gtfs_rt"
    assert sorted(path.name for path in closed.iterdir() if path.is_file()) == [
        *("brt.csv", "manifest.json", "polls.csv", "rejects.csv")
    ]
    assert ",36.0," in (closed / CSV).read_text()
    assert poll("gtfs_rt", 3).records == 3
    assert [read_manifest(each).feed for each in files.closed_windows()] == ["gtfs_rt", "gtfs_rt_kmh"]


# -- the unit of speed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sends", "looks_like"),
    [("gtfs_rt", 10.0, "m/s"), ("gtfs_rt", 36.0, "km/h"), ("gtfs_rt_kmh", 36.0, "km/h"), ("gtfs_rt_kmh", 10.0, "m/s")],
)
def test_the_unit_of_speed_is_measured_and_said(
    make_resources: Callable[..., Resources], clock: StillClock, kind: str, sends: float, looks_like: str
) -> None:
    """Vehicles drive 10 m/s; the feed sends 10 or 36."""
    resources = make_resources(feed=kind)
    feed = feed_named(kind)
    resources.files.feed = feed
    script = [message(NOON + n * resources.step, 30, 200.0 * n, sends) for n in range(8)]
    resources = replace(resources, client=ScriptedFeed(clock, script, seconds=0))  # type: ignore[arg-type]
    for number in range(8):
        pipeline.capture(NOON + number * resources.step, resources)
    measured = resources.files.speeds.measured()
    assert measured is not None
    assert measured.looks_like == looks_like
    troubles = [trouble.code for trouble in resources.files.state.read_watch().troubles]
    assert ("speed_unit" in troubles) == (looks_like != feed.speed_unit)
    assert json.loads((resources.files.data / "speed-unit.json").read_text())["unit"] == feed.speed_unit
