"""The page never shows anything false: without the database, before the first poll, with simulated data, in links."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NOTHING = {"gerado_em": None, "simulado": True, "aviso": "Nada.", "aviso_codigo": "sem_captura"}


def test_without_the_database_nothing_is_called_lost(visit: Any) -> None:
    """This server has no Postgres: what is not on disk is unavailable, without totals, gaps or another time."""
    seen = visit()
    page = seen.view("captura")
    assert "indisponível agora" in page.locator(".lede").inner_text()
    assert not re.search("[0-9] perdido|completos", page.locator(".lede").inner_text())
    assert page.locator(".minutes .cell.unavailable").count() > 20
    assert page.locator(".days .cell:not(.unavailable)").count() == 0
    assert page.get_by_text("Nenhum registro rejeitado").count() == 0
    assert page.get_by_text("Nenhum alerta").count() == 0
    page = seen.view("diagrama", "?linha=35&horas=2")
    assert "indisponível agora" in page.locator(".lede").inner_text()
    assert page.locator(".diagram .away").count() > 0
    assert page.locator(".diagram .capture-gap").count() == 0
    seen.go("reproducao?t=2020-01-01T12:00:00Z")
    page.locator(".veil", has_text="indisponível agora").wait_for()
    assert page.locator(".moment").inner_text().startswith("09:00:00")
    assert "t=2020-01-01T12:00:00Z" in page.url
    assert page.locator(".bar-lost").count() == 0


def test_time_before_the_first_capture_is_not_a_gap(visit: Any) -> None:
    seen = visit()
    seen.with_database("playback?*", "playback/range", "coverage?*", "lines/*/stringline?*")
    page = seen.view("diagrama", "?linha=35&horas=6")
    page.locator(".diagram .before").wait_for(state="attached")
    # A busy machine may miss polls later on; what comes first is no gap.
    assert page.locator(".diagram .before, .diagram .capture-gap").first.get_attribute("class") == "before"
    seen.go("reproducao?t=2020-01-01T12:00:00Z")
    page.locator(".veil", has_text="Antes da primeira captura").wait_for()
    assert page.locator(".bar-lost").count() == 0


def test_before_the_first_poll_the_last_failure_is_shown(visit: Any) -> None:
    """No capture is promised within a minute; in the demo, hints name the demo."""
    seen = visit()
    failure = {"tick": "2026-11-27T18:00:20Z", "motivo": "connection refused"}
    capture = {"veiculos": 0, "problemas": [], "ultima_consulta": None, "ultima_falha": failure}
    details = {"captura": capture, "rejeicoes": [], "alertas": [], "disco": {"pasta": "data-demo"}}
    details["banco"] = {"ok": True, "sinais": 0, "ultima_carga": None}
    seen.page.route("**/api/v1/stream", lambda route: route.fulfill(status=204))
    seen.page.route("**/api/v1/vehicles", lambda route: route.fulfill(json=NOTHING | {"features": []}))
    seen.page.route("**/api/v1/health-details", lambda route: route.fulfill(json=details))
    page = seen.go("captura")
    notice = page.locator("#notice", has_text="connection refused")
    notice.wait_for()
    assert "15:00:20" in notice.inner_text()
    assert "make status DEMO=1" in notice.inner_text()
    page.locator(".card", has_text="connection refused").wait_for()
    page.locator(".card", has_text="nenhuma carga ainda").wait_for()
    assert "menos de um minuto" not in page.locator("body").inner_text()


def test_data_of_a_capture_that_stands_still_are_not_live(visit: Any) -> None:
    """A page that is opened long after the last poll does not count from when it was opened."""
    seen = visit()
    seen.page.route("**/api/v1/stream", lambda route: route.fulfill(status=204))

    def stopped(route: Any) -> None:
        made = (datetime.now(timezone.utc) - timedelta(hours=20, minutes=5)).isoformat()
        stale = {"gerado_em": made, "aviso": "Parada.", "aviso_codigo": "captura_parada"}
        route.fulfill(json=route.fetch().json() | stale)

    seen.page.route(re.compile(r"/api/v1/vehicles$"), stopped)
    page = seen.go("linhas")
    page.locator("#pulse", has_text="sem dados novos há 20 h").wait_for()
    page.locator("#notice", has_text="A captura está parada desde").wait_for()


def test_a_board_that_fails_says_so_and_stops_loading(visit: Any) -> None:
    seen = visit()
    seen.page.route("**/api/v1/lines", lambda route: route.fulfill(json={"detail": "Falhou."}, status=503))
    seen.page.on("console", lambda _: seen.complaints.clear())
    page = seen.go("linhas")
    page.locator(".problem", has_text="Falhou.").wait_for()
    assert "Carregando" not in page.locator("main").inner_text()
    page.wait_for_timeout(200)
    seen.complaints.clear()


def test_pictures_and_words_are_as_honest_as_the_data(visit: Any) -> None:
    """Rules of the page's modules, asked of one page: origin, plurals, stamps ahead, service, trips, formulas."""
    page = visit().view("linhas")
    told = page.evaluate(
        """async () => {
            const module = name => import(`/page/js/${name}.js`);
            const [{ live, inService }, { t }, save] = await Promise.all(
                ['live', 'i18n', 'views/save'].map(module));
            const origins = [true, false, null].map(simulated => {
                const before = live.simulated;
                live.simulated = simulated;
                const svg = document.querySelector('svg.spark, .brand svg').cloneNode(true);
                svg.setAttribute('width', 100); svg.setAttribute('height', 50);
                const words = save.framed(svg, { title: 'T', subtitle: 'S', coverage: 'C' }).textContent;
                live.simulated = before;
                return words;
            });
            const lede = t('health.lede', { day: 'Hoje', good: '1', all: '1', part: '0', lost: '1' });
            const bus = [...live.vehicles.values()][0];
            const head = { gerado_em: new Date(live.generated).toISOString(), simulado: true, aviso: null };
            const ahead = { ...bus, datahora: '2099-01-01T00:00:00Z' };
            live.take(head, [ahead]);
            live.take(head, [{ ...bus, velocidade: 12.5 }]);
            const believed = live.vehicles.get(bus.codigo).velocidade;
            let counted, board;
            do {
                board = await (await fetch('/api/v1/lines')).json();
                const all = await (await fetch('/api/v1/vehicles?format=json')).json();
                live.generated = Date.parse(all.gerado_em);
                counted = all.gerado_em === board.gerado_em && all.veiculos.filter(inService).length;
            } while (counted === false);
            const service = board.linhas.reduce((sum, line) => sum + line.em_servico, 0);
            return { origins, lede, believed, counted, service };
        }"""
    )
    simulated, real, unsure = told["origins"]
    assert "DADOS SIMULADOS" in simulated
    assert "Fonte: API de GPS do BRT" in real
    assert "SIMULADOS" not in real
    assert "ORIGEM NÃO CONFIRMADA" in unsure
    assert told["lede"] == "Hoje: 1 de 1 minuto completo, 0 em parte, 1 perdido."
    assert told["believed"] == 12.5
    assert told["counted"] == told["service"] > 100


def test_a_link_shows_what_it_says_also_in_an_open_tab(visit: Any) -> None:
    seen = visit()
    page = seen.go("reproducao?t=2026-01-01T12:00:00Z&x=5")
    page.locator(".moment", has_text="09:00:00").wait_for()
    seen.go("reproducao?t=2026-01-02T15:30:00Z&x=60")
    page.locator(".moment", has_text="12:30:00").wait_for()
    assert page.locator("#play-speed").input_value() == "60"
    seen.map("mapa?vista=13.00/-23.0000/-43.3500", least=0)
    seen.go("mapa?vista=11.50/-22.9000/-43.4000")
    page.wait_for_function("Math.abs(document.querySelector('canvas.fleet').fleet.map.getZoom() - 11.5) < 0.01")


def test_a_diagram_keeps_its_line_its_time_and_its_zoom(visit: Any) -> None:
    seen = visit()
    page = seen.page
    page.add_init_script(
        """const { fetch } = window; window.fetch = async (...asked) => {
            if (/v1.lines$/.test(asked[0])) await new Promise(done => setTimeout(done, 1500));
            return fetch(...asked); };"""
    )
    seen.view("diagrama", "?linha=22&sentido=volta&horas=1")
    page.locator("h1", has_text="para Terminal Alvorada").wait_for()
    assert "Linha 22 para Terminal Alvorada" in page.title()
    page.get_by_role("button", name="Aproximar").click()
    page.wait_for_url(re.compile("ate=.*zoom="))
    scales = "[...document.querySelectorAll('.diagram text')].map(text => text.textContent).join()"
    drawn = page.evaluate(scales)
    page.reload()
    page.wait_for_function(f"drawn => {scales} === drawn", arg=drawn)
    page.evaluate(
        """async () => { const {network} = await import('/page/js/network.js');
        network.lines.set('77', { linha: '77', nome: 'Sem trajeto' }); }"""
    )
    for line, words in (("77", "não tem trajeto conhecido"), ("999", "não existe")):
        seen.go(f"diagrama?linha={line}")
        page.locator(".problem", has_text=words).wait_for()
        assert f"Linha {line}" in page.locator("h1").inner_text()
        assert page.locator(".diagram .trip").count() == 0


def assert_the_linked_station_is_above_its_sheet(page: Any) -> None:
    page.locator(".passes tbody tr").first.wait_for()
    x, y = page.evaluate(
        """async () => { const {network} = await import('/page/js/network.js');
        const {fleet} = document.querySelector('canvas.fleet');
        const {longitude, latitude} = network.stations.get('TCMAD');
        const {x, y} = fleet.map.project([longitude, latitude]);
        return [x, y + fleet.canvas.getBoundingClientRect().top]; }"""
    )
    assert 30 < x < 360
    assert 30 < y < page.locator(".panel").bounding_box()["y"] - 10


def test_on_a_phone_everything_important_is_seen(visit: Any) -> None:
    seen = visit(**PHONE)
    page = seen.map("mapa?estacao=TCMAD")
    assert_the_linked_station_is_above_its_sheet(page)
    seen.map("mapa")
    page.locator(".panel").wait_for(state="hidden")
    page.locator("#search").fill("alvorada")
    assert page.locator("#found li").count() > 3
    last = page.locator("#found li").last.bounding_box()
    assert last["y"] + last["height"] < page.locator("#nav").bounding_box()["y"]
    page.keyboard.press("Enter")
    page.locator(".panel", has_text="Terminal Alvorada").wait_for()
    assert "estacao=TOTAL" in page.url
    page.locator("#search").fill("linha 22")
    zoom = "document.querySelector('canvas.fleet').fleet.map.getZoom()"
    before = page.evaluate(zoom)
    page.keyboard.press("Enter")
    page.wait_for_function(f"before => Math.abs({zoom} - before) > 0.5", arg=before)
    assert "linha=22" in page.url
    page.locator("#search").press_sequentially("alvorada")  # once more, without leaving the field
    page.wait_for_function(
        """() => document.querySelector('#found li:last-child').getBoundingClientRect().bottom
        < document.querySelector('#nav').getBoundingClientRect().top"""
    )
    for view, wanted in (("captura", ".minutes .cell[data-minute='59']"), ("linhas", "tbody td:nth-child(7)")):
        # A redraw may take the element away for a moment.
        seen.view(view).wait_for_function(
            """wanted => { const box = document.querySelector(wanted)?.getBoundingClientRect();
            return box?.width > 0 && box.right <= 390; }""",
            arg=wanted,
        )


def test_the_page_leads_to_the_api_and_has_a_card(visit: Any) -> None:
    seen = visit()
    page = seen.view("linhas")
    assert page.title() == "Linhas · brt-watch"
    assert page.locator("a[href='/api/docs']").first.is_visible()
    cards = page.evaluate("[...document.querySelectorAll('meta[property^=\"og:\"]')].map(card => card.content)")
    assert {f"{seen.site}/", f"{seen.site}/page/card.png"} <= set(cards)
    for path in ("/favicon.ico", "/page/card.png", "/page/touch-icon.png"):
        assert page.request.get(seen.site + path).ok
    page.emulate_media(media="print")
    assert page.locator("#ribbon").is_visible()
    assert not page.locator("#nav").is_visible()
