"""The web against a real Postgres: loaded signals, signals that wait on disk, and both together."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pyarrow.parquet
import pytest
from fastapi import FastAPI
from google.transit import gtfs_realtime_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from brt_watch.web.app import create_app
from brt_watch.web.formats import safe_cell
from brt_watch.web.live import vehicles_event
from brt_watch.web.reader import ROLE
from brt_watch.web.routes import history
from tests import shared_postgres
from tests.ask_web import ask
from tests.conftest import NOON, ScriptedFeed, make_settings
from tests.gtfs_of_network import write_gtfs
from tests.made_vehicles import body, vehicle

BUS, SUPPORT = "901008", "LUH4150 PKP / T. I"
TICKS = 45


def drive(resources: Resources, clock: StillClock, ticks: int) -> None:
    """Capture a bus of line 22 on its way to its last terminal, one that stands, and a support vehicle."""
    path = parts_path()
    driven_m = path.length_m - 500
    for number in range(ticks):
        at = clock.now()
        place = next(i for i, metres in enumerate(path.metres) if metres >= number / TICKS * driven_m)
        moving = vehicle(
            BUS,
            at,
            latitude=round(path.latitudes[place], 6),
            longitude=round(path.longitudes[place], 6),
            sentido="ida",
            velocidade=30,
        )
        standing = vehicle(SUPPORT, at, linha="0", sentido="", trajeto="", velocidade=0, direcao=" ")
        odd = vehicle("901065", at, latitude=0, longitude=0)
        resources.client.script.append(body(moving, standing, odd))  # type: ignore[attr-defined]
        pipeline.capture(next(next_ticks(resources)), resources)
        clock.time += timedelta(seconds=19)


def parts_path() -> Any:
    from brt_watch.network import read_network

    return read_network().paths["22", "ida"]


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory, server: Server, template: str, worker_id: str) -> Resources:
    """Fifteen minutes: one window loaded, the rest on disk. No test of this file changes it."""
    clock, data = StillClock(NOON), tmp_path_factory.mktemp("web")
    settings = make_settings(data, database_url=shared_postgres.create(server, f"web_{worker_id}", template))
    resources = Resources(
        settings,
        clock,
        ScriptedFeed(clock),  # type: ignore[arg-type]
        CaptureFiles(settings.folder, str(settings.feed_url)),
        Store(settings),
        Webhook("", lambda: "test"),
    )
    drive(resources, clock, TICKS)
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    assert resources.files.archived()
    assert not resources.files.closed_windows()
    return resources


@pytest.fixture(scope="module")
def app(captured: Resources) -> Iterator[FastAPI]:
    made = create_app(captured)
    made.state.deps.live.look()
    made.state.deps.live.models.take_apart()
    yield made
    made.state.deps.history.reader.close()


@pytest.fixture(scope="module")
def get(app: FastAPI) -> Callable[..., httpx.Response]:
    return lambda path, **headers: ask(app, path, **headers)


@pytest.fixture
def without_postgres(make_resources: Callable[..., Resources], clock: StillClock) -> tuple[FastAPI, Resources]:
    """Three polls of the test's own, and no Postgres."""
    resources = make_resources(database_url=SecretStr("postgresql://nobody@127.0.0.1:9/none"))
    drive(resources, clock, 3)
    app = create_app(resources)
    app.state.deps.history.check()
    app.state.deps.live.look()
    return app, resources


Get = Callable[..., httpx.Response]


def test_the_newest_poll_is_shown_as_geojson_and_as_json(get: Get) -> None:
    collection = get("/api/v1/vehicles").json()
    assert [feature["id"] for feature in collection["features"]] == [BUS, "901065", SUPPORT]
    assert (collection["simulado"], collection["aviso"]) == (False, None)
    bus = collection["features"][0]["properties"]
    assert (bus["linha"], bus["sentido"], bus["sentido_estimado"], bus["status"]) == ("22", "ida", "ida", "Em operação")
    assert bus["progresso_m"] > 1000
    assert bus["desvio_m"] < 5
    assert bus["classe_idade"] == "ao vivo"
    odd = collection["features"][1]["properties"]
    assert (odd["status"], odd["estacao_proxima"], odd["progresso_m"]) == (None, None, None)
    listed = get("/api/v1/vehicles?format=json&linha=22,35&sentido=ida&idade_max=100").json()
    assert [each["codigo"] for each in listed["veiculos"]] == [BUS]


def test_known_answers_are_304_and_others_are_compressed(get: Get) -> None:
    first = get("/api/v1/vehicles", **{"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert get("/api/v1/vehicles", **{"If-None-Match": first.headers["etag"]}).status_code == 304


def test_browser_revalidates_the_page_and_gets_304(get: Get) -> None:
    for path in ("/", "/page/js/main.js", "/page/vendor/maplibre-gl/maplibre-gl.mjs"):
        first = get(path)
        assert first.headers["cache-control"] == "no-cache"
        assert first.headers["etag"]
    again = get("/page/js/main.js", **{"If-None-Match": get("/page/js/main.js").headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")


def test_trail_joins_loaded_and_waiting_signals_without_doubles(get: Get) -> None:
    trail = get(f"/api/v1/vehicles/{BUS}/trail").json()
    moments = [point["datahora"] for point in trail["pontos"]]
    assert len(moments) == TICKS
    assert moments == sorted(set(moments))
    assert trail["aviso"] is None
    assert len(get(f"/api/v1/vehicles/{SUPPORT}/trail").json()["pontos"]) == TICKS, "a code may have slashes"
    assert get("/api/v1/vehicles/nobody/trail").status_code == 404


def test_the_string_line_is_one_trip_that_goes_forward(get: Get) -> None:
    line = get("/api/v1/lines/22/stringline?sentido=ida").json()
    (trip,) = line["veiculos"]
    along = [point[1] for point in trip["pontos"]]
    assert trip["codigo"] == BUS
    assert along == sorted(along)
    assert line["lacunas"][0]["de"] < line["lacunas"][0]["ate"], "before the capture there is a gap"
    assert get("/api/v1/lines/22/stringline?sentido=volta").json()["veiculos"] == []


def test_a_page_of_history_follows_the_other_to_the_last_signal(get: Get) -> None:
    found: list[tuple[str, str]] = []
    path = "/api/v1/history?limite=40"
    cursor = ""
    while cursor is not None:
        page = get(path + (f"&cursor={cursor}" if cursor else "")).json()
        found += [(each["datahora"], each["codigo"]) for each in page["sinais"]]
        cursor = page["proximo"]
    assert len(found) == len(set(found)) == 3 * TICKS


def test_history_comes_as_csv_parquet_and_geojson_too(get: Get) -> None:
    rows = list(csv.DictReader(io.StringIO(get(f"/api/v1/history?format=csv&codigo={BUS}").text)))
    assert (len(rows), rows[0]["codigo"]) == (TICKS, BUS)
    table = pyarrow.parquet.read_table(io.BytesIO(get("/api/v1/history?format=parquet&linha=22").content))
    assert table.num_rows == 2 * TICKS
    assert len(get("/api/v1/history?format=geojson").json()["features"]) == 3 * TICKS
    named = get(f"/api/v1/history?format=csv&codigo={BUS}").headers["content-disposition"]
    assert re.search(r'"brt-901008-\d{8}T\d{6}Z-\d{8}T\d{6}Z.csv"', named)
    paged = get("/api/v1/history?format=csv&limite=5")
    assert "-parte.csv" in paged.headers["content-disposition"]
    following = get(paged.headers["link"].split(";")[0].strip("<>"))
    assert following.text.count("\n") == 6


def test_csv_and_parquet_are_complete_across_pages(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named like the whole span once held its first page only."""
    monkeypatch.setattr(history, "PAGE", 7)
    assert get("/api/v1/history?format=csv").text.count("\n") == 1 + 3 * TICKS
    table = pyarrow.parquet.read_table(io.BytesIO(get("/api/v1/history?format=parquet").content))
    assert table.num_rows == 3 * TICKS


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert (safe_cell(text), safe_cell(-1.5), safe_cell("22")) == (f"'{text}", -1.5, "22")


def test_playback_and_its_range_have_every_vehicle(get: Get) -> None:
    span = get("/api/v1/playback/range").json()
    played = get(f"/api/v1/playback?de={span['primeiro']}&minutos=15").json()
    assert sorted(played["veiculos"]) == sorted([BUS, SUPPORT, "901065"])
    assert played["lacunas"] == []


def test_a_day_is_covered_minute_by_minute(get: Get) -> None:
    minutes = get("/api/v1/coverage?dia=2026-11-23").json()["minutos"]
    assert {(minute["previstas"], minute["boas"]) for minute in minutes} == {(3, 3)}
    (day,) = get("/api/v1/coverage/days").json()
    assert (day["dia"], day["boas"]) == ("2026-11-23", TICKS)


def test_lines_stations_network_and_details_answer(get: Get) -> None:
    line = next(line for line in get("/api/v1/lines").json()["linhas"] if line["linha"] == "22")
    assert (line["em_servico"], line["em_rota"]) == (1, 1)
    assert line["historico"][0]["veiculos"] >= 1
    passed = [each for each in get("/api/v1/stations").json()["estacoes"] if each["passagens"]]
    assert passed[0]["passagens"][0]["codigo"] == BUS
    assert get(f"/api/v1/stations/{passed[0]['estacao_id']}").json()["passagens"]
    bus = get("/api/v1/vehicles?format=json&codigo=901008").json()["veiculos"][0]
    stops = get("/api/v1/lines/22/stringline?sentido=ida").json()["estacoes"]
    (coming,) = get(f"/api/v1/stations/{stops[-1]['estacao_id']}").json()["a_caminho"]
    assert (coming["linha"], coming["sentido"], coming["codigo"], coming["espera"]) == ("22", "ida", BUS, False)
    assert coming["falta_m"] == pytest.approx(stops[-1]["distancia_m"] - bus["progresso_m"], abs=0.2)
    assert get(f"/api/v1/stations/{stops[0]['estacao_id']}").json()["a_caminho"] == []
    assert get("/api/v1/network").json()["linhas"]["features"]
    details = get("/api/v1/health-details").json()
    assert details["banco"]["detalhe"] == f"papel {ROLE}"
    assert details["banco"]["sinais"] > 0


VP, TU = "/gtfs-rt/vehicle-positions", "/gtfs-rt/trip-updates"


@pytest.mark.parametrize(
    ("path", "ids", "allowed"),
    [
        (f"{VP}?viagem=false", [BUS, SUPPORT], set()),
        (VP, [BUS, SUPPORT], {"W006"}),
        (TU, [f"{BUS}-previsao"], {"W006"}),
    ],
)
def test_the_published_validator_finds_no_error(
    get: Get, app: FastAPI, tmp_path: Path, path: str, ids: list[str], allowed: set[str]
) -> None:
    """Without trip ids it warns (W006): the API does not report which trip a vehicle is on."""
    api = pytest.importorskip("gtfs_rt_validator.api", reason="it needs Python 3.11")
    gtfs = write_gtfs(tmp_path / "gtfs.zip", app.state.deps.reference)
    body = get(path).content
    message = gtfs_realtime_pb2.FeedMessage.FromString(body)
    assert [entity.id for entity in message.entity] == ids, "what lies at (0, 0) is left out"
    (tmp_path / "feed.pb").write_bytes(body)
    result = api.validate(
        api.Request(
            api.Mode.MODERN,
            gtfs,
            api.resolve(str(tmp_path / "feed.pb")),
            at=datetime.fromtimestamp(message.header.timestamp + 5, timezone.utc),
        )
    )
    assert result.error_ids() == ()
    assert {rule for rule in result.run.notices.rule_ids() if rule.startswith("W")} <= allowed
    assert get(path, accept="*/*").content == body
    as_json = get(f"{path}{'&' if '?' in path else '?'}format=json").json()
    assert as_json["header"]["gtfs_realtime_version"] == "2.0"


def test_trip_updates_have_times_and_the_route_of_the_gtfs(get: Get) -> None:
    (entity,) = gtfs_realtime_pb2.FeedMessage.FromString(get(TU).content).entity
    trip, stops = entity.trip_update.trip, entity.trip_update.stop_time_update
    assert trip.route_id == "20000221110"
    assert trip.schedule_relationship == gtfs_realtime_pb2.TripDescriptor.UNSCHEDULED
    assert not trip.HasField("trip_id")
    assert all(stop.arrival.time and not stop.arrival.HasField("delay") for stop in stops)
    assert [stop.arrival.time for stop in stops] == sorted({stop.arrival.time for stop in stops})
    (bus, _) = gtfs_realtime_pb2.FeedMessage.FromString(get(VP).content).entity
    assert bus.vehicle.trip.route_id == trip.route_id


def test_forecasts_are_those_of_the_newest_poll(get: Get) -> None:
    everything = get("/api/v1/forecasts").json()
    assert {each["codigo"] for each in everything["previsoes"]} == {BUS}
    assert {each["base"] for each in everything["previsoes"]} <= {"plano", "plano e hoje"}
    one = everything["previsoes"][0]
    assert one["chegada_p20"] <= one["chegada_p50"] <= one["chegada_p80"]
    at_station = get(f"/api/v1/forecasts?estacao={one['estacao_id']}&codigo={BUS}&linha=22").json()
    assert at_station["previsoes"] == [one]
    assert get("/api/v1/forecasts?estacao=nowhere").status_code == 422


def test_the_score_of_forecasts_is_unknown_before_a_day_is_over(get: Get) -> None:
    nothing = {"de": None, "ate": None, "dias": 0, "metodos": [], "por_dia": [], "por_faixa": [], "no_terminal": None}
    assert get("/api/v1/forecasts/score").json() == nothing | {"aviso": None}


def test_forecasts_need_no_postgres(without_postgres: tuple[FastAPI, Resources]) -> None:
    app, _ = without_postgres
    assert ask(app, "/api/v1/forecasts").status_code == 200
    score = ask(app, "/api/v1/forecasts/score").json()
    assert (score["dias"], score["metodos"]) == (0, [])
    assert score["aviso"], "what is missing is said"


def test_a_position_older_than_90_seconds_is_left_out(get: Get) -> None:
    ids = [
        [entity.id for entity in gtfs_realtime_pb2.FeedMessage.FromString(get(path).content).entity]
        for path in ("/gtfs-rt/vehicle-positions?idade_max=0", "/gtfs-rt/vehicle-positions")
    ]
    assert ids == [[], [BUS, SUPPORT]]


TIDES: dict[str, Callable[[str], bool]] = {
    "location_ping_id": bool,
    "service_date": lambda text: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)),
    "event_timestamp": lambda text: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)),
    "vehicle_id": bool,
    "latitude": lambda text: -90 <= float(text) <= 90,
    "longitude": lambda text: -180 <= float(text) <= 180,
    "gps_quality": lambda text: text in ("", "Excellent", "Good", "Poor"),
    "heading": lambda text: not text or 0 <= float(text) <= 360,
    "speed": lambda text: not text or float(text) >= 0,
    "odometer": lambda text: not text or float(text) >= 0,
}
"""What the published schema of `vehicle_locations` asks of the columns that we fill."""

TIDES_HEADER = (
    "location_ping_id,service_date,event_timestamp,trip_id_performed,trip_id_scheduled,trip_stop_sequence,"
    "scheduled_stop_sequence,vehicle_id,device_id,pattern_id,stop_id,current_status,latitude,longitude,gps_quality,"
    "heading,speed,odometer,schedule_deviation,headway_deviation,trip_type,schedule_relationship"
)


def test_tides_has_a_row_a_signal_by_the_published_schema(get: Get) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(get("/tides/vehicle_locations.csv?de=2026-11-23T11:59:00Z&ate=2026-11-23T12:30:00Z").text)
        )
    )
    assert len(rows) == len({row["location_ping_id"] for row in rows}) == 3 * TICKS
    assert {row["gps_quality"] for row in rows if row["vehicle_id"] == "901065"} == {"Poor"}
    # The same names as in the model tides_vehicle_locations.
    assert all(re.fullmatch(rf"{row['vehicle_id']}-\d{{10}}", row["location_ping_id"]) for row in rows)
    assert all(re.fullmatch(r"(\w+ (ida|volta))?", row["pattern_id"]) for row in rows)
    assert ",".join(rows[0]) == TIDES_HEADER
    for row in rows:
        assert [(name, row[name]) for name, holds in TIDES.items() if not holds(row[name])] == []
        assert not any(row[name] for name in row if name not in {*TIDES, "pattern_id", "stop_id", "current_status"})


def test_health_is_503_and_the_map_says_so_when_capture_is_behind(
    without_postgres: tuple[FastAPI, Resources], clock: StillClock
) -> None:
    app, _ = without_postgres
    clock.time += timedelta(minutes=4)
    app.state.deps.live.look()
    assert ask(app, "/health").status_code == 503
    assert "does not run" in ask(app, "/health").json()["detail"]
    assert "parada" in ask(app, "/api/v1/vehicles").json()["aviso"]
    assert "brt_watch_poll_age_seconds" in ask(app, "/metrics").text


def test_health_is_ok_while_the_capture_keeps_up(get: Get) -> None:
    assert get("/health").json()["status"] == "ok"


def test_map_works_without_postgres_and_says_what_is_missing(
    without_postgres: tuple[FastAPI, Resources],
) -> None:
    app, _ = without_postgres
    assert ask(app, "/api/v1/vehicles").json()["aviso_codigo"] == "banco_ausente"
    trail = ask(app, f"/api/v1/vehicles/{BUS}/trail").json()
    assert len(trail["pontos"]) == 3
    assert "banco" in trail["aviso"]
    # The totals of a day are not those of the minutes that happen to wait on disk.
    for path in ("/api/v1/history", "/api/v1/coverage/days"):
        refused = ask(app, path)
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")


def test_spans_have_limits_and_the_sentence_says_which(get: Get) -> None:
    long = get("/api/v1/history?de=2026-11-22T00:00:00Z&ate=2026-11-23T00:00:00Z")
    assert (long.status_code, long.headers["content-type"]) == (422, "application/problem+json")
    assert "6 hours" in long.json()["detail"]
    assert get("/api/v1/history?de=2026-11-22T00:00:00").status_code == 422
    assert get("/api/v1/history?cursor=%FF").status_code == 422
    assert get("/nothing").json()["status"] == 404


def test_the_web_reads_as_a_role_that_cannot_write(app: FastAPI) -> None:
    with app.state.deps.history.reader._connection() as connection:
        assert connection.execute("select current_user").fetchone() == (ROLE,)
        may = "select has_table_privilege('brt_raw', 'select'), has_table_privilege('brt_raw', 'delete')"
        assert connection.execute(may).fetchone() == (True, False)
        assert connection.execute("show transaction_read_only").fetchone() == ("on",)


def test_returning_client_gets_only_what_changed(
    without_postgres: tuple[FastAPI, Resources], clock: StillClock
) -> None:
    app, resources = without_postgres
    live = app.state.deps.live
    _, whole = live.first_event(None)
    assert whole.plain.count(b'"codigo"') == 3
    seen = live.snapshot.id
    resources.client.script.append(body(vehicle(BUS, clock.now())))  # type: ignore[attr-defined]
    pipeline.capture(next(next_ticks(resources)), resources)
    live.look()
    _, event = live.first_event(seen)
    assert event.plain.count(b'"codigo"') == 1
    assert event.plain.startswith(b"event: vehicles\nid: 20261123T")
    assert live.first_event(live.snapshot.id)[1] is None
    assert live.first_event("not an id")[1].plain.count(b'"codigo"') == 3
    assert vehicles_event("x", b"{}").plain.endswith(b"\n\n")


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_the_api_is_what_its_openapi_document_says(app: FastAPI, mode: str) -> None:
    # Seconds to import, which are for the one process alone that runs this test.
    import schemathesis

    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:
        # The stream never ends.
        if not operation.path.endswith("/stream"):
            _try(operation, mode)


def test_openapi_examples_match_their_schemas(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    shown = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema}
    assert {"VehicleCollection", "Trail", "Lines", "Stringline", "Stations", "Coverage", "History"} <= set(shown)
    for name, examples in shown.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        for example in examples:
            jsonschema.validate(example, schema)


def test_head_works_like_get_and_other_methods_are_refused(app: FastAPI, get: Get) -> None:
    """Other methods are refused with a sentence."""
    assert ask(app, "/api/v1/vehicles", "HEAD").headers["etag"] == get("/api/v1/vehicles").headers["etag"]
    refused = ask(app, "/api/v1/vehicles", "POST")
    assert (refused.status_code, refused.headers["content-type"]) == (405, "application/problem+json")
    assert "only reads" in refused.json()["detail"]


def _try(operation: Any, mode: str) -> None:
    from schemathesis import Case, GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    # Five of each are enough to see a difference, with --deep sixteen.
    @settings(
        max_examples=settings().max_examples // 6,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def holds(case: Case) -> None:
        # No schema can say that de comes before ate, and that we issued a cursor.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    # Any text can be a part of a path: without a query nothing can be wrong, and seconds go by in search of it.
    if mode == "positive" or any(each.location == "query" for each in operation.iter_parameters()):
        with suppress(Unsatisfiable):
            holds()
