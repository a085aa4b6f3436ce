"""The station board, the controller's board and the reports."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import httpx

from brt_watch.transform.compiled import project_vars
from tests.browser import marts

COLORS = re.compile("#[0-9a-f]{6}")
MINUTES = re.compile(r"chegando|\d+ (a \d+ )?min|sem estimativa|sem previsão: último sinal há|no terminal")


def test_a_station_shows_what_comes_and_what_passed(visit: Any) -> None:
    """Each row has an age; a station can be kept without an account, and shown on a wall."""
    seen = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = seen.view("estacao", "/TOBMP")
    page.locator(".coming li").first.wait_for()
    for row in page.locator(".coming li").all():
        assert MINUTES.search(row.locator(".minutes").inner_text())
        assert "sinal há" in row.inner_text()
    assert any("Linha 22: " in words for words in page.locator(".last").all_inner_texts())
    assert page.title().startswith("Bosque Marapendi")
    page.get_by_role("button", name="Guardar nas favoritas").click()
    seen.view("estacao")
    page.locator(".stations").first.get_by_role("link", name="Bosque Marapendi").click()
    page.locator("h1", has_text="Bosque Marapendi").wait_for()
    page.get_by_role("button", name="Tela cheia").click()
    assert "tela=1" in page.url
    assert not page.locator("#nav").is_visible()
    assert page.locator("#ribbon").is_visible()
    seen.go("estacao/NENHUMA")
    page.locator(".problem", has_text="NENHUMA").wait_for()


def test_a_station_asks_for_itself_and_waits_for_no_score(visit: Any) -> None:
    """The score may take long while models are derived; all stations are forty times the bytes of one."""
    seen = visit(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url.partition("/api/v1/")[2]))
    seen.page.route("**/api/v1/forecasts/score*", lambda _: None)
    page = seen.view("estacao", "/TOBMP")
    page.locator(".coming li").first.wait_for()
    assert "stations/TOBMP" in asked
    assert "stations" not in asked


def test_directions_are_not_mixed_before_lines_have_names(visit: Any) -> None:
    """The `volta` of one line may go where the `ida` of another goes."""
    seen = visit()
    waiting: list[Any] = []
    seen.page.route("**/api/v1/lines", lambda route: waiting.append(route))
    page = seen.view("estacao", "/TOBMP")
    page.locator(".last li").first.wait_for()
    cards = [card.inner_text() for card in page.locator(".direction").all()]
    assert all(len(set(re.findall(r"Linha (\w+):", card))) == 1 for card in cards), cards
    waiting[0].continue_()
    page.locator(".direction h2", has_text="Sentido").first.wait_for(timeout=15_000)
    assert len(page.locator(".direction").all()) < len(cards)


def test_a_station_says_that_a_bus_may_have_passed_unseen(seen: Any) -> None:
    """After a hole in the capture the last bus that was seen need not be the last one."""

    def with_hole(answer: dict[str, Any]) -> dict[str, Any]:
        lines = [each | {"segundos_sem_passar": None, "flag_lacuna": None} for each in answer["linhas"]]
        return answer | {"linhas": lines}

    seen.alter("stations/TOBMP", with_hole)
    page = seen.view("estacao", "/TOBMP")
    said = page.locator(".last li", has_text="o último passou às").first
    said.wait_for()
    assert "depois faltou captura" in said.inner_text()
    assert "dentro do normal" not in said.inner_text()


def test_a_station_without_lines_says_so_on_its_board(seen: Any) -> None:
    """An empty list would promise a bus."""
    stations = httpx.get(f"{seen.site}/api/v1/stations", timeout=60).json()["estacoes"]
    lonely = next(each for each in stations if not each["linhas"])
    page = seen.go(f"estacao/{lonely['estacao_id']}")
    page.locator(".directions", has_text="Nenhuma linha conhecida").wait_for()
    assert page.locator(".coming").count() == 0


def test_terminals_have_departures_and_arrivals(seen: Any, site: str) -> None:
    """A stop at 0 m and one at the end of the path count, by leaving and entering the terminal."""
    stations = httpx.get(f"{site}/api/v1/stations", timeout=60).json()["estacoes"]
    counts = {"inicio": 0, "fim": 0}
    for station in stations:
        ends = {(each["linha"], each["sentido"]): each["ponta"] for each in station["linhas"]}
        for passed in station["passagens"]:
            end = ends.get((passed["linha"], passed["sentido"]))
            if end:
                counts[end] += 1
    assert min(counts.values()) > 20
    page = seen.view("estacao", "/TOTAL")
    page.locator(".last li", has_text="o último partiu às").first.wait_for()
    page.locator(".last li", has_text="o último chegou às").first.wait_for()


def test_the_controller_sees_beads_gaps_and_silent_buses(seen: Any, tmp_path: Path) -> None:
    waits = {"desde": "2026-11-24T08:10:00Z", "espera_segundos": 900, "espera_usual_segundos": 300}
    alerts = [{"linha": line, "sentido": "volta", **waits, "flag_do_plano": True} for line in ("22", "35")]
    seen.alter("control", lambda answer: answer | {"alertas": alerts})
    page = seen.view("controle")
    assert page.locator(".alerts li").count() == 2
    assert "espera média de 15 min pelo plano: 5 min" in " ".join(page.locator(".alerts li").first.inner_text().split())
    assert page.locator("svg.beads").count() > 20
    assert page.locator(".bead title").count() > 100
    assert re.search(r"\d+ ônibus em rota observados em \d+ linhas", page.locator(".lede").inner_text())
    assert "há" in page.locator(".lede").inner_text()
    rows = saved(page, "CSV", tmp_path)
    assert {"linha", "sentido", "maior_buraco_s", "intervalo_planejado_s"} <= set(rows[0])
    grades = httpx.get(f"{seen.site}/api/v1/control", timeout=60).json()["intervalos"]
    assert len({each["situacao"] for each in grades}) > 2, "the models grade headways"
    page.locator("#control-line").select_option("22")
    assert "linha=22" in page.url
    assert 1 <= page.locator("svg.beads").count() <= 2
    assert page.locator(".alerts li").count() == 1
    page.locator(".alerts a").click()
    page.locator(".report .alerts li", has_text="espera média de 15 min").wait_for()


def test_after_a_hole_in_the_capture_gaps_are_unknown(seen: Any) -> None:
    """No gap that is known is not the same as no gap."""

    def with_hole(answer: dict[str, Any]) -> dict[str, Any]:
        lines = [each | {"maior_intervalo_segundos": None, "flag_lacuna": False} for each in answer["percursos"]]
        return answer | {"percursos": lines}

    seen.alter("control", with_hole)
    page = seen.view("controle")
    page.locator(".first-things", has_text="não sabemos: faltou captura").wait_for()
    assert "Nenhuma linha com buraco" not in page.locator(".first-things").inner_text()
    assert "– buracos" in page.locator(".lede").inner_text()


def test_many_alerts_leave_room_for_the_lines(seen: Any) -> None:
    waits = {"desde": "2026-11-24T08:10:00Z", "espera_usual_segundos": 300, "flag_do_plano": True, "sentido": "ida"}
    alerts = [{"linha": str(line), "espera_segundos": 400 + line, **waits} for line in range(10, 19)]
    seen.alter("control", lambda answer: answer | {"alertas": alerts})
    page = seen.view("controle")
    page.locator(".alerts li").first.wait_for()
    assert page.locator(".alerts .badge:visible").all_inner_texts() == ["18", "17", "16", "15", "14", "13"]
    page.get_by_text("mais 3", exact=True).click()
    assert page.locator(".alerts .badge:visible").count() == 9


def test_the_wall_of_the_controller_shows_beads(visit: Any) -> None:
    """Nobody scrolls a wall."""
    seen = visit(viewport={"width": 1920, "height": 1080})
    waits = {"desde": "2026-11-24T08:10:00Z", "espera_usual_segundos": 300, "flag_do_plano": True, "sentido": "ida"}
    alerts = [{"linha": str(line), "espera_segundos": 400 + line, **waits} for line in range(10, 19)]

    def busy(answer: dict[str, Any]) -> dict[str, Any]:
        gap = {"maior_intervalo_segundos": 900, "estacao_id": "TCRJ2", "flag_lacuna": True}
        lines = [each | gap for each in answer["percursos"]]
        return answer | {"percursos": lines, "alertas": alerts}

    seen.alter("control", busy)
    page = seen.view("controle", "?tela=1")
    page.locator(".first-things li:visible").first.wait_for()
    assert page.locator("svg.beads").nth(3).bounding_box()["y"] < 1080 - 44


def test_without_a_plan_nothing_is_counted_as_gap_or_bunch(seen: Any) -> None:
    """At a weekend gaps and bunches are unknown, and unknown is not zero."""

    def unplanned(answer: dict[str, Any]) -> dict[str, Any]:
        lines = [
            each | {"intervalo_previsto_segundos": None, "flag_lacuna": False, "comboios": 0}
            for each in answer["percursos"]
        ]
        return answer | {"percursos": lines}

    seen.alter("control", unplanned)
    median_alone = {"intervalo_mediano_segundos": 840, "fracao_comboio": None, "aviso": None}
    seen.alter("lines/*/stringline*", lambda answer: answer | median_alone)
    page = seen.view("controle")
    said = page.locator(".lede").inner_text()
    assert said.endswith("Para este dia ou horário a rede não tem plano: ela tem o de dia útil.")
    assert "buraco" not in said
    assert "1,5 vez" not in page.locator("main").inner_text().split("Linhas, piores")[0]
    said = seen.view("diagrama", "?linha=22&sentido=volta").locator(".lede").inner_text()
    assert "Intervalo mediano: 14 min. Para este dia" in said
    page = seen.go("plano?linha=22&sentido=volta")
    page.locator(".note", has_text="Para este dia ou horário a rede não tem plano").wait_for()


def saved(page: Any, kind: str, folder: Path) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name=kind).click()
    assert download.value.suggested_filename.startswith("simulado-brt-")
    download.value.save_as(folder / kind)
    with (folder / kind).open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert all(row["simulado"] == "true" for row in rows)
    return rows


def test_reports_keep_their_state_and_can_be_taken_away(seen_with_marts: Any, tmp_path: Path) -> None:
    """Each report of a line has its figures, its CSV and a link to the same period."""
    seen = seen_with_marts
    columns = {"regularidade": "intervalo_s", "viagens": "duracao_s", "velocidade": "p50_kmh", "plano": "planejadas"}
    for report, column in columns.items():
        page = seen.view(report, "?linha=22&sentido=volta&horas=2")
        assert "linha 22 para Terminal Alvorada" in page.locator("h1").inner_text()
        page.locator(".lede", has_text="Calculado com").wait_for()
        rows = saved(page, "CSV", tmp_path)
        assert rows
        assert column in rows[0]
    page.get_by_role("button", name="Citar este número").click()
    page.locator("[data-text]").wait_for(state="attached")
    cited = page.locator("[data-text]").get_attribute("data-text")
    assert "DADOS SIMULADOS" in cited
    assert re.search(r"plano\?linha=22&sentido=volta&horas=2&ate=20\d\d-\d\d-\d\dT\d\d:\d\d$", cited)
    seen.go("regularidade?linha=999")
    page.locator(".problem", has_text="999").wait_for()


def test_reports_show_what_the_marts_say(seen_with_marts: Any, tmp_path: Path) -> None:
    """Nothing is derived in the page: the excess wait with its open interval, flags of bunching, reasons of a trip."""
    seen = seen_with_marts
    page = seen.view("regularidade", "?linha=22&sentido=volta&horas=2")
    cards = " | ".join(page.locator(".card").all_inner_texts()).replace("\u00a0", " ")
    assert re.search(r"Espera excedente\s+40 s\s+entre −10 s e 70 s; prevista: 2 min 30 s", cards)
    assert re.search(r"Espera média\s+3 min 10 s\s+\d\dh: entre 2 min 20 s e 3 min 40 s", cards)
    assert re.search(r"Em comboio\s+21%\s+4 de 19 intervalos", cards)
    assert "1 intervalo atravessa falha de captura" in page.locator(".lede").inner_text()
    page = seen.view("viagens", "?linha=22&sentido=volta&horas=2")
    page.locator("td", has_text="parcial (voltou no meio do caminho), confiança alta").first.wait_for()
    page = seen.view("viagens", "?linha=22&sentido=volta&horas=2&onibus=900001")
    page.locator("tbody tr", has_text="22 · Sentido").first.wait_for()
    assert page.locator("h1").inner_text() == "Viagens do ônibus 900001"
    assert all("22 · Sentido T. Alvorada" in row for row in page.locator("tbody tr").all_inner_texts())
    page = seen.view("velocidade", "?linha=22&sentido=volta&horas=2")
    page.locator("td", has_text="poucos dados").first.wait_for()
    page.locator(".speed-map .way").first.dispatch_event("pointerenter")
    assert ": 9 km/h, 9 ônibus · comparação: 9 km/h · parada: 18 s" in page.locator(".read").inner_text()
    assert page.locator(".stretch.marked").count() == 1
    page.get_by_role("button", name="Parada").click()
    assert re.search("Mais longa: .*, 18 s", page.locator(".lede").inner_text())
    # Stretches of the fixture are 1 km/h faster on odd days, but the first one.
    page.select_option("#report-compared", "1")
    page.get_by_role("button", name="Diferença").click()
    page.locator(".lede", has_text=re.compile("véspera.*(Maior perda|Nenhum trecho)")).wait_for()
    changes = page.locator("tbody td:nth-child(4)").all_inner_texts()
    assert changes[:2] == ["0 km/h", "–"]
    assert set(changes[2:]) in ({"+1 km/h"}, {"−1 km/h"})
    assert "modo=diferenca&com=1" in page.url or "com=1&modo=diferenca" in page.url
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    row = page.locator(".compact tbody tr").first.inner_text().split()
    assert row[1:] == ["12,0", "7", "2,0", "3,0", "75,6", "44,1", "75%"]
    page = seen.view("dia", "?dia=2026-11-24")
    row = page.locator("tbody tr", has_text="22").first.inner_text().split("\t")
    assert row[1:5] == ["401 de 449", "91%", "57 s", "22 s a 90 s"]
    assert page.locator("h1").inner_text() == "As linhas em terça-feira, 24 de novembro de 2026"
    rows = saved(page, "CSV", tmp_path)
    assert (rows[0]["observadas"], rows[0]["excedente_s"]) == ("401", "57")


def test_a_report_is_printed_whole_and_in_dark_ink(visit: Any) -> None:
    """Also from the dark theme: paper is white, no column is cut, and drawings take the colours of paper."""
    seen = visit(color_scheme="dark", viewport={"width": 794, "height": 1123})
    seen.with_marts()
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    outline = "document.querySelector('.wide-chart rect[fill=none]').getAttribute('stroke')"
    assert page.evaluate(outline) == "#e9ecef"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(outline) == "#16191d"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(outline) == "#e9ecef"
    page = seen.view("dia", "?dia=2026-11-24")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.querySelector('.broad table').getBoundingClientRect().right") <= 794


def test_a_report_without_marts_shows_no_figure(seen_with_marts: Any) -> None:
    """The page does not estimate what the models have not derived."""
    seen = seen_with_marts
    nothing = {"derivado_ate": None, "intervalos": [], "horas": []}
    for name in ("headways", "regularity"):
        seen.page.route(f"**/api/v1/{name}?*", lambda route: route.fulfill(json=nothing))
    page = seen.go("regularidade?linha=22&sentido=volta&horas=2")
    page.locator(".lede", has_text="Nada deste período foi processado ainda").wait_for()
    assert page.locator(".card dd", has_text="sem dados").count() >= 3


def test_what_follows_from_an_unknown_plan_is_unknown(seen_with_marts: Any, tmp_path: Path) -> None:
    """At a weekend no trip is missing, nor none: and headways are compared with the usual one of the period."""
    seen = seen_with_marts
    planned = ("intervalo_previsto_segundos", "viagens_previstas", "km_previstos", "flag_comboio_fracao")

    def unplanned(route: Any) -> None:
        answer = marts.answer(route.request.url)
        rows = next(key for key in ("intervalos", "oferta") if key in answer)
        answer[rows] = [row | {name: None for name in planned if name in row} for row in answer[rows]]
        route.fulfill(json=answer)

    for name in ("headways", "service"):
        seen.page.route(f"**/api/v1/{name}?*", unplanned)
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    row = page.locator(".compact tbody tr").first.inner_text().split()
    assert row[1:] == ["–", "7", "–", "–", "–", "44,1", "75%"]
    unknown = saved(page, "CSV", tmp_path)[0]
    assert [unknown[name] for name in ("planejadas", "observadas", "nao_observadas", "nao_sabemos")] == [
        "",
        "7",
        "",
        "",
    ]
    page = seen.view("regularidade", "?linha=22&sentido=volta&horas=2")
    page.locator("h2", has_text="em relação à mediana do período (6 min): não há plano para este dia").wait_for()
    drawn = page.locator("rect.heat").evaluate_all("cells => cells.map(cell => cell.getAttribute('fill'))")
    assert len(set(filter(COLORS.fullmatch, drawn))) > 1


def test_an_hour_without_a_plan_counts_on_neither_side(seen_with_marts: Any) -> None:
    """The share of observed trips would be too high with the trips of an hour whose planned ones are unknown."""
    seen = seen_with_marts

    def one_unplanned(route: Any) -> None:
        answer = marts.answer(route.request.url)
        answer["oferta"][0] |= {"viagens_previstas": None}
        route.fulfill(json=answer)

    seen.page.route("**/api/v1/service?*", one_unplanned)
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    planned = page.locator(".compact tbody tr").count() - 1
    assert planned > 0
    page.locator(".lede", has_text=f"Linha 22: {7 * planned} de {12 * planned} viagens").wait_for()


def test_uncaptured_time_is_no_missing_service_in_the_sentence(seen_with_marts: Any) -> None:
    """The share that is cited is of the planned trips that could be observed; without capture there is none."""
    seen = seen_with_marts
    captured: dict[str, int | None] = {"minutos_capturados": 50, "viagens_realizadas": 7}

    def partly(route: Any) -> None:
        answer = marts.answer(route.request.url)
        route.fulfill(json=answer | {"oferta": [each | captured for each in answer["oferta"]]})

    seen.page.route("**/api/v1/service?*", partly)
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    page.locator(".lede", has_text="talvez tenham ocorrido sem captura. Do observável: 70%.").wait_for()
    captured |= {"minutos_capturados": 0, "viagens_realizadas": None}
    seen.go("mapa")
    page = seen.view("plano", "?linha=22&sentido=volta&horas=2")
    page.locator(".lede", has_text="Linha 22: sem dados.").wait_for()
    assert "%" not in page.locator(".lede").inner_text().split("sem dados.")[1].split("Calculado")[0]


def test_passengers_see_how_often_forecasts_were_right(seen_with_marts: Any, tmp_path: Path) -> None:
    """Yesterday and the last weeks, from the station board on; in a file too."""
    seen = seen_with_marts
    page = seen.view("estacao", "/TOBMP")
    page.get_by_role("link", name="Ver quanto acertam").click()
    page.locator(".lede", has_text="Ontem, 88 de cada 100 previsões acertaram").wait_for()
    assert "86 de cada 100" in page.locator(".lede").inner_text()
    assert "até 30 s antes ou 1 min 30 s depois" in page.locator("main").inner_text()
    assert "30\nprevisões antes de uma falha da captura" in page.locator("main").inner_text()
    assert page.locator(".score-days rect").count() == 3
    assert [row["transitapp"] for row in saved(page, "CSV", tmp_path)] == ["0.84", "0.86", "0.88"]
    page.locator("#score-line").select_option("22")
    assert "linha=22" in page.url


def test_a_score_that_is_missing_is_no_figure(seen: Any) -> None:
    page = seen.view("acerto")
    page.locator(".lede", has_text="não está disponível agora").wait_for()
    assert page.locator(".card").count() == 0


def test_what_was_not_captured_is_unknown_in_every_figure(seen: Any) -> None:
    """What the modules of the page still derive: words for a forecast, planned trips."""
    page = seen.view("controle")
    told = page.evaluate(
        """async () => {
            const module = name => import(`/page/js/${name}.js`);
            const [{ minutesOf }, { planned }, { network }] = await Promise.all(
                ['forecasts', 'views/report-plan', 'network'].map(module));
            const start = Date.parse('2026-11-27T21:00:00Z');
            const at = seconds => new Date(start + 1000 * seconds).toISOString();
            const forecast = { chegada_p20: at(250), chegada_p50: at(290), chegada_p80: at(310), base: 'plano' };
            const row = { dia_operacao: '2026-11-27', viagens_previstas: 33.3, viagens_realizadas: 3 };
            const oferta = [{ ...row, hora_operacao: 18, minutos_capturados: 40 },
                { ...row, hora_operacao: 25, minutos_capturados: 0, viagens_realizadas: null },
                { ...row, hora_operacao: 26, minutos_capturados: 20 }];
            const hours = planned({ model: { until: start / 1000 + 8.5 * 3600, oferta } });
            return {
                limits: network.limits,
                silent: minutesOf(forecast, 181, start),
                guess: minutesOf(undefined, 5, start),
                shown: minutesOf(forecast, 180, start),
                hours, starts: hours.map(({ start: at }) => (at - start) / 3600e3),
            };
        }"""
    )
    assert (told["silent"], told["guess"]) == (None, None)
    assert told["shown"] == {"low": 4, "high": 6, "base": "plano", "waits": False}
    first, unknown = told["hours"]
    assert told["starts"] == [0, 7], "the last hour is not derived whole"
    assert [round(first[name], 1) for name in ("planned", "seen", "missing", "maybe")] == [33.3, 3, 19.2, 11.1]
    assert (unknown["seen"], unknown["missing"], round(unknown["maybe"], 1)) == (None, 0, 33.3)
    assert told["limits"]["comboio_fracao"] == project_vars()["comboio_fracao"]
