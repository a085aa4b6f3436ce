"""What the web answers to strangers: other sites, browsers, and parameters that it does not know."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from brt_watch.resources import Resources
from brt_watch.web.app import create_app
from tests.ask_web import ask

HERE = "https://painel.example"


@pytest.fixture
def make_app(make_resources: Callable[..., Resources]) -> Callable[..., FastAPI]:
    return lambda **changes: create_app(make_resources(postgres_port=1024, **changes))


def test_the_open_api_is_readable_from_other_sites(make_app: Callable[..., FastAPI]) -> None:
    app = make_app()
    assert ask(app, "/api/v1/network", Origin=HERE).headers["access-control-allow-origin"] == "*"
    asked = ask(app, "/api/v1/network", "OPTIONS", **{"Origin": HERE, "Access-Control-Request-Method": "GET"})
    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (200, "GET")
    plain = ask(app, "/api/v1/network", "OPTIONS")
    assert (plain.status_code, plain.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_settings_narrow_who_reads_and_who_embeds(make_app: Callable[..., FastAPI]) -> None:
    app = make_app(http_cors=HERE, http_embed=HERE)
    assert ask(app, "/api/v1/network", Origin=HERE).headers["access-control-allow-origin"] == HERE
    assert "access-control-allow-origin" not in ask(app, "/api/v1/network", Origin="https://other.example").headers
    assert f"frame-ancestors 'self' {HERE}" in ask(app, "/").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in ask(make_app(), "/").headers["content-security-policy"]
    assert "access-control-allow-origin" not in ask(make_app(http_cors=""), "/api/v1/network", Origin=HERE).headers


def test_an_origin_may_be_written_with_a_slash(make_app: Callable[..., FastAPI]) -> None:
    app = make_app(http_cors=f"https://other.example/, {HERE}/")
    assert ask(app, "/api/v1/network", Origin=HERE).headers["access-control-allow-origin"] == HERE


def test_a_browser_gets_pages_and_a_program_problems(make_app: Callable[..., FastAPI]) -> None:
    app = make_app()
    assert ask(app, "/nothing").headers["content-type"] == "application/problem+json"
    assert ask(app, "/docs").headers["location"] == "/api/docs"
    assert ask(app, "/favicon.ico").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nothing", 404, "Página não encontrada"),
        ("/page/nothing.js", 404, "Página não encontrada"),
        ("/api/v1/vehicles?line=35", 422, "Unknown parameter line"),
        ("/api/v1/vehicles?format=%3Cb%3E", 422, "Pedido inválido"),
        ("/api/v1/history", 503, "Indisponível no momento"),
        ("/health", 503, "Indisponível no momento"),
        ("/gtfs-rt/vehicle-positions", 500, "Erro interno"),
    ],
)
def test_every_error_is_a_page_in_a_browser(
    make_app: Callable[..., FastAPI], path: str, status: int, told: str
) -> None:
    """Also an internal error, with the headers of every answer and in the count of them."""
    app = make_app()

    def fails() -> None:
        raise RuntimeError("a fault")

    object.__setattr__(app.state.deps, "snapshot", fails)
    html = ask(app, path, Accept="text/html,*/*")
    assert (html.status_code, html.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in html.text
    assert "<b>" not in html.text
    assert "frame-ancestors" in html.headers["content-security-policy"]
    assert app.state.counted["GET", status] == 1
    assert ask(app, path).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("site", ["http://test", "https://brt.example"])
def test_the_card_of_a_link_has_absolute_addresses(make_app: Callable[..., FastAPI], site: str) -> None:
    """Messengers ask for the picture of a card only by an absolute address."""
    page = ask(make_app(), f"{site}/").text
    assert f'<meta property="og:url" content="{site}/">' in page
    assert f'<meta property="og:image" content="{site}/page/card.png">' in page


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/v1/vehicles?line=35", "codigo, feed, format, idade_max, linha, sentido, status"),
        ("/api/v1/vehicles?status=foo", "Parado garagem"),
        ("/api/v1/vehicles?linha=999", "22"),
        ("/api/v1/network?x=1", "it has none"),
        ("/api/v1/vehicles?linha=35&linha=22", "linha: given twice"),
        ("/api/v1/plan?linha=foo", "linha: foo is unknown; allowed are 10, 11"),
        ("/api/v1/passages?linha=22&estacao=foo", "estacao: foo is unknown"),
        ("/gtfs-rt/vehicle-positions?trips=1", "viagem"),
    ],
)
def test_unknown_parameters_and_values_are_refused(make_app: Callable[..., FastAPI], path: str, told: str) -> None:
    """422 with those that are allowed: an ignored filter would answer another question than was asked."""
    app = make_app()
    app.state.deps.live.looked = True
    refused = ask(app, path)
    assert (refused.status_code, told in refused.json()["detail"]) == (422, True)


def test_an_unknown_line_is_refused_and_an_old_one_is_not(make_app: Callable[..., FastAPI]) -> None:
    """Old signals show lines that the network no longer has: only a line without any signal is a mistake."""
    app = make_app()
    history = app.state.deps.history
    history.page, history.rows, history.derived_until = lambda *_: [], lambda *_: [], lambda *_: None
    for path in ("history", "trips", "passages", "headways"):
        answer = ask(app, f"/api/v1/{path}?linha=foo")
        told = "linha: foo is unknown; allowed are 10, 11" in answer.json()["detail"]
        assert (answer.status_code, told) == (422, True), path
    # The temporary file of a table is closed, too: else this warns.
    assert ask(app, "/api/v1/trips?linha=foo&format=csv").status_code == 422
    gc.collect()
    assert ask(app, "/api/v1/history?linha=22").status_code == 200


def test_the_documentation_names_types_values_and_columns(make_app: Callable[..., FastAPI]) -> None:
    page = ask(make_app(), "/api/docs").text
    for told in (
        "json | csv | parquet | geojson",
        "number ≥ 0",
        "Parado garagem",
        "velocidade_media_10_min",
        "date-time",
        "location_ping_id",
        "schedule_deviation",
    ):
        assert told in page, told


def test_the_document_names_the_columns_of_each_table(make_app: Callable[..., FastAPI]) -> None:
    document = make_app().openapi()
    for path, column in (("/tides/vehicle_locations.csv", "gps_quality"), ("/api/v1/history", "progresso_m")):
        told = document["paths"][path]["get"]["responses"]["200"]["content"]["text/csv"]["schema"]
        row = document["components"]["schemas"][told["x-row-schema"]["$ref"].rpartition("/")[2]]
        assert row["properties"][column]["description"], path
