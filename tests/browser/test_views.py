"""The other views, the two languages, the two themes, a phone, a keyboard."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch.clock import RIO
from tests.browser.test_accessible import GROUND, GROUNDS
from tests.simulated_morning import EARLY

VIEWS = ["mapa", "reproducao", "linhas", "diagrama", "captura", "estacao", "controle"]
REPORTS = ["regularidade", "viagens", "velocidade", "plano"]
VIEWS += [*REPORTS, "dia", "acerto"]


def test_playback_shows_buses_of_the_past_and_time_passes(visit: Any) -> None:
    """Before it is started it shows its position, that it is ready, and the gaps of the capture."""
    seen = visit()
    lost = {"previstas": 6, "boas": 0, "atrasadas": 0, "com_falha": 0, "perdidas": 6}
    minutes = [f"{EARLY - timedelta(minutes=ago):%Y-%m-%dT%H:%M:00Z}" for ago in range(20, 10, -1)]
    seen.page.route(
        "**/api/v1/coverage?dia=*",
        lambda route: route.fulfill(json={"minutos": [lost | {"minuto": minute} for minute in minutes]}),
    )
    page = seen.map(f"reproducao?x=60&t={minutes[0]}")
    page.locator(".veil").wait_for(state="hidden")
    for bar in (".daybar", ".timebar"):
        page.locator(f"{bar} .bar-lost").first.wait_for(state="attached")
    seconds = page.evaluate("Number(document.getElementById('play-position').value)")
    place = page.locator(".timebar .head").get_attribute("transform")
    assert float(place.removeprefix("translate(").split()[0]) == pytest.approx(seconds / 3.6, abs=1)
    assert page.get_by_role("button", name="Aproximar").is_visible()
    first = page.locator(".moment").inner_text()
    page.get_by_role("button", name="Reproduzir").click()
    page.wait_for_function("first => document.querySelector('.moment').innerText !== first", arg=first)
    page.get_by_role("button", name="Pausar").click()
    assert "t=20" in page.url
    assert "ônibus com sinal" in page.locator(".count").inner_text()
    assert page.locator(".hour-label").count() == 7


def test_the_board_has_the_lines_and_sorts(visit: Any) -> None:
    page = visit().go("linhas")
    page.locator("tbody tr").first.wait_for()
    head = page.locator("th", has_text="Em serviço")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    numbers = [int(text) for text in page.locator("tbody td.strong").all_inner_texts()]
    assert len(numbers) > 15
    assert numbers == sorted(numbers, reverse=True)
    assert "ordem=em_servico" in page.url


def test_string_line_has_trips_stations_zoom_hover_export(visit: Any, tmp_path: Path) -> None:
    page = visit().view("diagrama", "?linha=35&sentido=ida&horas=1")
    assert page.locator(".diagram .trip").count() > 5
    assert "Linha 35" in page.locator("h1").inner_text()
    assert "T. Alvorada" in page.locator(".diagram").inner_html()
    before = page.locator(".diagram .trip").first.get_attribute("d")
    box = page.locator(".diagram").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "before => document.querySelector('.diagram .trip').getAttribute('d') !== before", arg=before
    )
    x, y = page.evaluate(
        """() => { const trips = [...document.querySelectorAll('.diagram .trip')];
        const view = document.querySelector('.diagram').getBoundingClientRect();
        for (const trip of trips) for (let share = 0; share < 1; share += 0.1) {
            const {x, y} = trip.getPointAtLength(trip.getTotalLength() * share);
            if (x > 250 && x < view.width - 80 && y > 30 && y < view.height - 50) return [x + view.left, y + view.top];
        } }"""
    )
    page.mouse.move(x, y)
    page.wait_for_function("() => document.querySelector('.reading').textContent.startsWith('Ônibus')")
    saved = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        # Nobody can take a file of simulated data for a real one, by its name or by what it holds.
        assert download.value.suggested_filename.startswith("simulado-brt-35-ida-")
        saved[kind] = tmp_path / kind
        download.value.save_as(saved[kind])
    assert saved["PNG"].read_bytes().startswith(b"\x89PNG")
    assert all(line.endswith("true") for line in saved["CSV"].read_text().splitlines()[1:])
    svg = saved["SVG"].read_text()
    day = f"{EARLY.astimezone(RIO):%-d} de "
    for words in ("DADOS SIMULADOS", page.locator("h1").inner_text(), day, "Fonte: simulador", "Cobertura da captura"):
        assert words in svg


def test_the_health_view_has_a_day_of_minutes(visit: Any) -> None:
    seen = visit()
    seen.with_database("coverage?*")
    page = seen.go("captura")
    page.locator(".minutes .cell.good").first.wait_for()
    assert page.locator(".minutes .cell").count() == 24 * 60
    assert page.locator(".card").count() == 4
    assert "minutos completos" in page.locator(".lede").inner_text()
    assert page.locator(".cell.unavailable").count() == 0


def test_no_view_shows_a_key_in_place_of_a_sentence(visit: Any) -> None:
    seen = visit()
    seen.with_marts()
    page = seen.go("linhas?lang=en")
    assert_every_sentence_is_there_in_both_languages(page)
    words = page.evaluate("async () => Object.keys((await import('/page/js/words.js')).WORDS)")
    shown = {view: seen.view(view).locator("body").inner_text() for view in VIEWS}
    assert [(view, key) for view, text in shown.items() for key in words if "." in key and key in text] == []
    assert "Live" in shown["linhas"]


def test_english_by_the_switch_and_it_is_remembered(visit: Any) -> None:
    seen = visit()
    page = seen.go("linhas")
    page.locator("tbody tr").first.wait_for()
    page.get_by_role("button", name="EN").click()
    page.get_by_role("heading", name="Lines right now").wait_for()
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    page.get_by_role("heading", name="Lines right now").wait_for()


def assert_every_sentence_is_there_in_both_languages(page: Any) -> None:
    lacking = page.evaluate(
        """async () => { const {WORDS} = await import('/page/js/words.js');
        const names = text => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
        return Object.entries(WORDS).filter(([, pair]) => pair.length !== 2 || !pair[0] || !pair[1]
            || names(pair[0]) !== names(pair[1])).map(([key]) => key); }"""
    )
    assert lacking == []


def test_dark_follows_the_system_and_the_switch(visit: Any) -> None:
    dark = visit(color_scheme="dark").view("linhas")
    assert dark.evaluate(GROUND) == GROUNDS["dark"]
    dark.get_by_role("button", name="Usar tema claro").click()
    assert dark.evaluate(GROUND) == GROUNDS["light"]


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Any) -> None:
    """What a report is about is in its first columns, and these fit; only details of a trip need a swipe.

    The filters of the map are a sheet.
    """
    seen = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    seen.with_marts()
    for view in VIEWS:
        page = seen.view(view, "?linha=22&sentido=volta&horas=2" if view in REPORTS else "")
        if view in REPORTS:
            page.locator(".compact tbody tr").first.wait_for()
            edges = page.evaluate(
                "[...document.querySelectorAll('.compact th')].map(th => th.getBoundingClientRect().right)"
            )
            assert max(edges[:5]) <= 390, view
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
        assert page.locator("#nav a[aria-current]").is_visible(), view
        if view == "mapa":
            assert_the_filters_are_a_sheet(page)


def assert_the_filters_are_a_sheet(page: Any) -> None:
    assert page.locator("canvas.fleet").bounding_box()["height"] > 300
    assert not page.locator(".chip[data-key='22']").is_visible()
    page.get_by_role("button", name="Abrir busca e filtros").click()
    page.locator(".chip[data-key='22']").click()
    assert "linha=22" in page.url


def test_keyboard_and_screen_readers_reach_everything(visit: Any) -> None:
    page = visit().map()
    assert_screen_readers_find_landmarks_and_names(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "principal"
    page.keyboard.press("Tab")
    reached = []
    wanted = {"search", "22", "Em operação", "TransOeste"}
    while len(reached) < 90 and not (wanted <= set(reached) and "maplibregl-canvas" in " ".join(reached)):
        reached.append(
            page.evaluate(
                "(document.activeElement.dataset.key ?? document.activeElement.id) || document.activeElement.className"
            )
        )
        page.keyboard.press("Tab")
    assert wanted <= set(reached)
    assert any("maplibregl-canvas" in name for name in reached)


def assert_screen_readers_find_landmarks_and_names(page: Any) -> None:
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1, role
    assert page.locator("[aria-live]").count() >= 1
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, a[href], input, select')].filter(element =>
            !(element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length)).length"""
    )
    assert nameless == 0
