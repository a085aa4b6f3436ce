"""Every view by the rules of axe-core: names, contrast, landmarks, headings, in both themes."""

from __future__ import annotations

from typing import Any

import pytest

PLACES = {
    "mapa": ".entry",
    "mapa?estacao=TCMAD": ".panel .code",
    "mapa?onibus={bus}": ".panel .figure svg",
    "reproducao": ".daybar .bar-good",
    "linhas?vazias=1": "tbody tr",
    "diagrama?linha=35": ".diagram .trip",
    "captura": ".minutes .cell.good",
    "estacao": ".stations a",
    "estacao/TOBMP": ".direction",
    "estacao/TOBMP?tela=1": ".direction",
    "controle?linha=22": ".bead circle",
    "regularidade?linha=22&horas=2": ".heat",
    "viagens?linha=22&horas=2": ".compact tbody tr",
    "velocidade?linha=22&horas=2": ".stretch",
    "plano?linha=22&horas=2": ".compact tbody tr",
    "dia?dia=2026-11-24": ".compact tbody tr",
    "acerto": ".score .card",
}
"""Each view of the page, and its content once the data is loaded."""

REPEATED = [
    ["tbody tr:nth-child(n+5)"],
    ["li:nth-child(n+5)"],
    ["svg > :nth-child(n+20)"],
    ["svg g > :nth-child(n+5)"],
    [".cell:nth-child(n+5)"],
    [".chip:nth-child(n+7)"],
    ["option:nth-child(n+5)"],
    [".beads:nth-of-type(n+4)"],
]
"""What is like those before it: only --deep looks at all of them."""

RUN = """async ([context, options]) => (await axe.run(context, options)).violations
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`))"""

GROUND = "getComputedStyle(document.body).backgroundColor"
GROUNDS = {"light": "rgb(246, 245, 241)", "dark": "rgb(14, 18, 21)"}


def test_no_view_breaks_a_rule_of_accessibility(visit: Any, pytestconfig: pytest.Config) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="this test needs axe-core: pip install axe-playwright-python"
    )
    seen = visit(color_scheme="light")
    seen.with_marts()
    page = seen.map("mapa")
    bus = page.evaluate(
        """async () => [...(await import('/page/js/live.js')).live.vehicles.values()]
            .find(({status, progresso_m}) => status === 'Em operação' && progresso_m).codigo"""
    )
    # Once, for the page stays the same: the half megabyte takes as long as a view does.
    page.evaluate(axe.AXE_SCRIPT)
    where = {"exclude": [] if pytestconfig.getoption("--deep") else REPEATED}
    broken = []
    # Names, headings and landmarks are the same in both themes; contrast is not.
    schemes: list[tuple[str, dict[str, object]]] = [("light", {}), ("dark", {"runOnly": ["color-contrast"]})]
    for place, ready in PLACES.items():
        seen.go(place.format(bus=bus))
        page.locator(ready).first.wait_for(state="attached")
        # The next place begins with the theme that this one ends with: a map takes half a second to change it.
        for scheme, rules in schemes:
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(GROUND) == GROUNDS[scheme]
            found = page.evaluate(RUN, [where, {"resultTypes": ["violations"], **rules}])
            broken += [f"{place} {scheme}: {each}" for each in found]
        schemes.reverse()
    assert not broken
