"""The live map, as somebody sees and works it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.browser.conftest import Visit
from tests.browser.test_accessible import GROUND, GROUNDS


@pytest.fixture
def over_the_city(tab: Visit) -> Iterator[Visit]:
    """The live map of the file's page as it was at first: nothing is chosen, and the whole city is in view."""
    tab.complaints.clear()
    tab.map("mapa?vista=9.50/-22.9300/-43.4500")
    yield tab
    tab.assert_no_complaints()


PLACES = "[...document.querySelector('canvas.fleet').fleet.positions]"


def test_the_buses_move(visit: Any, served: Any) -> None:
    page = visit(reduced_motion="no-preference").map()
    served.poll()
    page.wait_for_function("() => document.querySelector('canvas.fleet').fleet.moving")
    before = page.evaluate(PLACES)
    page.wait_for_timeout(1500)
    after = page.evaluate(PLACES)
    moved = sum(1 for i in range(0, min(len(before), len(after)), 4) if before[i : i + 2] != after[i : i + 2])
    assert moved > 50


def test_who_wants_no_motion_sees_the_buses_step(over_the_city: Any, served: Any) -> None:
    page = over_the_city.page
    generated = page.evaluate("async () => (await import('/page/js/live.js')).live.generated")
    served.poll()
    page.wait_for_function("async before => (await import('/page/js/live.js')).live.generated > before", arg=generated)
    assert page.evaluate("document.querySelector('canvas.fleet').fleet.moving") is False


def test_line_filter_shows_only_that_line_and_is_in_the_address(over_the_city: Any) -> None:
    seen, page = over_the_city, over_the_city.page
    everything = seen.shown()
    zoom = "document.querySelector('canvas.fleet').fleet.map.getZoom()"
    before = page.evaluate(zoom)
    page.locator(".chip[data-key='22']").click()
    page.wait_for_function(f"before => {zoom} > before + 1", arg=before)
    assert 0 < seen.shown() < everything / 4
    assert "linha=22" in page.url
    labels = page.evaluate("[...new Set(document.querySelector('canvas.fleet').fleet.items.map(item => item.label))]")
    assert labels == ["22"]
    page.get_by_role("button", name="Limpar filtros").click()
    assert seen.shown() > everything / 2


FEEDS = ("brt", "onibus")
OF_FEED = {
    "gerado_em": "2026-11-24T08:20:05Z",
    "ultima_resposta": "2026-11-24T08:19:59Z",
    "feed": "onibus",
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": f"B{number}",
            "geometry": {"type": "Point", "coordinates": [-43.4 + number, -22.9]},
            "properties": {
                **{"codigo": f"B{number}", "linha": "397", "sentido": None, "velocidade": 21.0, "direcao": None},
                **{"datahora": "2026-11-24T08:19:50Z", "idade_segundos": 15.0},
            },
        }
        for number in range(2)
    ],
}
"""Two buses of a further feed, one far from the map."""


def test_a_further_feed_is_shown_with_its_name_and_age(visit: Any) -> None:
    """By its own word: nothing is derived from its vehicles, and a feed that fails says so."""
    states = [
        {"feed": feed, "situacao": "failed" if feed == "onibus" else "ok", "motivo": "timeout", "problemas": []}
        for feed in FEEDS
    ]
    seen = visit()
    seen.page.route("**/api/v1/feeds", lambda route: route.fulfill(json={"feeds": states}))
    seen.page.route("**/api/v1/vehicles?feed=onibus", lambda route: route.fulfill(json=OF_FEED))
    page = seen.map()
    page.locator("#feed").select_option("onibus")
    page.locator("main.view-fonte").wait_for()
    page.wait_for_function("() => document.querySelector('canvas.fleet')?.fleet.items.length === 2")
    text = page.locator(".drawer").inner_text()
    assert re.search(r"onibus: última resposta há \d+ s\. A última consulta falhou: timeout\.", text), text
    assert re.search(r"2\s+veículos\s+1 fora deste mapa", text), text
    assert "nada é derivado delas" in text
    assert [cell.strip() for cell in page.locator(".list tbody tr").first.inner_text().split("\t")][:3] == [
        *("397", "B0", "21 km/h"),
    ]
    page.locator("#feed").select_option("brt")
    page.locator("main.view-mapa").wait_for()


def test_map_shows_simulated_buses_and_filters_by_status(over_the_city: Any) -> None:
    """The map shows the buses, the page says that they are simulated, and the legend filters them."""
    seen, page = over_the_city, over_the_city.page
    assert page.locator("#ribbon").inner_text().startswith("DADOS SIMULADOS")
    assert int(page.locator(".headline b").inner_text()) > 100
    entry = page.locator(".entry[data-key='Parado terminal']")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "true"
    assert 0 < seen.shown() < 200


def test_an_address_shows_what_it_showed_to_who_shared_it(visit: Any) -> None:
    seen = visit()
    page = seen.map("mapa?linha=22&cor=linha&vista=13.00/-23.0000/-43.3500", least=3)
    assert page.locator(".chip[data-key='22']").get_attribute("aria-pressed") == "true"
    assert "vista=13.00/-23.0000/-43.3500" in page.url
    assert_the_list_has_the_buses_of_the_map(seen)


def assert_the_list_has_the_buses_of_the_map(seen: Any) -> None:
    seen.page.get_by_role("button", name="Lista").click()
    assert seen.page.locator(".list tbody tr").count() == seen.shown()
    seen.page.locator(".list tbody button").first.click()
    seen.page.locator(".panel .code").wait_for()


def test_search_by_code_opens_the_bus(over_the_city: Any) -> None:
    """The panel of the bus has its trail, speed and progress."""
    page = over_the_city.page
    codigo = page.evaluate(
        """async () => {
            const told = await (await fetch('/api/v1/vehicles?linha=35')).json();
            return told.features.map(({properties}) => properties)
                .find(({status, progresso_m}) => status === 'Em operação' && progresso_m).codigo;
        }"""
    )
    page.keyboard.press("/")
    page.keyboard.type(codigo)
    page.keyboard.press("Enter")
    panel = page.locator(".panel")
    panel.locator(".figure svg").wait_for()
    assert codigo in panel.inner_text()
    assert "% do trajeto" in panel.inner_text()
    assert f"onibus={codigo}" in page.url
    page.keyboard.press("Escape")
    page.locator("#search").blur()
    page.keyboard.press("Escape")
    assert panel.is_hidden()


def test_a_click_on_a_bus_opens_it(over_the_city: Any) -> None:
    page = over_the_city.map("mapa?linha=22&vista=11.00/-22.9900/-43.3500", least=3)
    # Buses of the line may also stand in a garage outside this view, or lie under the header.
    x, y = page.evaluate(
        """() => { const {fleet} = document.querySelector('canvas.fleet');
        const box = fleet.canvas.getBoundingClientRect();
        return fleet.items.map((_, i) => fleet.screen(i)).map(([x, y]) => [x + box.left, y + box.top])
            .find(([x, y]) => document.elementFromPoint(x, y)?.closest('.map')); }"""
    )
    page.mouse.click(x, y)
    page.locator(".panel .code").wait_for()
    assert "onibus=" in page.url


def test_a_station_shows_its_last_passes(over_the_city: Any) -> None:
    page = over_the_city.page
    page.locator("#search").fill("madureira")
    page.locator("#found li", has_text="Estação").first.click()
    page.locator(".passes tbody tr").first.wait_for()
    assert page.locator(".passes .since").first.inner_text()


def test_a_station_without_lines_says_so_in_its_panel(over_the_city: Any) -> None:
    """An empty list would promise a bus."""
    stations = httpx.get(f"{over_the_city.site}/api/v1/stations", timeout=60).json()["estacoes"]
    lonely = next(each for each in stations if not each["linhas"])
    page = over_the_city.map(f"mapa?estacao={lonely['estacao_id']}")
    page.locator(".panel", has_text="Nenhuma linha conhecida").wait_for()


def test_the_map_follows_the_theme(over_the_city: Any) -> None:
    page = over_the_city.page
    for scheme, other in (("light", "escuro"), ("dark", "claro")):
        assert page.evaluate(GROUND) == GROUNDS[scheme]
        assert over_the_city.shown() > 300
        page.get_by_role("button", name=f"Usar tema {other}").click()
    assert page.evaluate(GROUND) == GROUNDS["light"]


def test_page_works_offline_and_streets_say_so(over_the_city: Any) -> None:
    """Nothing is missing without the internet; the street layer reports that it cannot load."""
    seen, page = over_the_city, over_the_city.page
    assert page.evaluate("document.querySelectorAll('canvas').length") >= 2
    seen.refused = "tile.openstreetmap.org"
    # Not `check`: the page may have taken the tick away again before that is looked at.
    page.get_by_label("Ruas (OpenStreetMap").click()
    page.get_by_text("Não foi possível carregar as ruas").wait_for()
    assert seen.refused in seen.elsewhere[0]


def test_page_polls_and_shows_its_age_when_the_stream_breaks(visit: Any) -> None:
    seen = visit()
    seen.page.route("**/api/v1/stream", lambda route: route.fulfill(status=204))
    page = seen.view("linhas")
    with page.expect_response("**/api/v1/vehicles"):
        # As if it had asked long ago, so that the test need not wait for so long.
        page.evaluate("async () => { (await import('/page/js/live.js')).live.asked = -1e6; }")
    assert "há" in page.locator("#pulse").inner_text()


@pytest.mark.deep
def test_frame_times_are_measured(visit: Any, capsys: Any) -> None:
    """Prints; asserts nothing about time, which depends on the machine."""
    page = visit(reduced_motion="no-preference").map()
    told = page.evaluate(
        """async () => {
            const {fleet} = document.querySelector('canvas.fleet'); const draws = [], frames = []; let before = null;
            await new Promise(done => { const until = performance.now() + 2500; const step = now => {
                if (before !== null) frames.push(now - before); before = now;
                fleet.draw(); draws.push(fleet.drawSeconds * 1000);
                now < until ? requestAnimationFrame(step) : done(); }; requestAnimationFrame(step); });
            const middle = list => [...list].sort((a, b) => a - b)[list.length >> 1];
            const [first] = performance.getEntriesByName("first-contentful-paint");
            return {buses: fleet.items.length, frame: middle(frames), draw: middle(draws), first: first.startTime};
        }"""
    )
    said = "\nfirst content {first:.0f} ms; {buses} buses: median frame {frame:.1f} ms, of which our code {draw:.2f} ms"
    with capsys.disabled():
        print(said.format(**told))  # noqa: T201
    assert told["buses"] > 300
