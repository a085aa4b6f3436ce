"""The packages of the code and their allowed imports, read from the sources at any depth."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from brt_watch.place import home
from brt_watch.transform.runner import DBT_PROJECT

SOURCE = home() / "src" / "brt_watch"

ROOMS = [
    # What everybody may know: values, errors, time.
    {"masking", "place", "errors", "clock", "earth", "model", "disk", "lock", ""},
    {"feeds"},
    {"settings"},
    {"capture"},
    {"network"},
    {"archive", "store", "resources"},
    {"transform"},
    {"marts"},
    {"pipeline", "health"},
    {"web", "reports"},
    {"flows", "service"},
    {"cli", "__main__"},
]
"""From below: a room may know those above it in this list, and itself."""

BESIDE = "simulate"
"""Knows the core, as far as the pipeline; of the others only the terminal knows it."""

RULES = ("network.geometry", "network.learning")
"""Modules with rules about buses, which belong to dbt. The page reads what dbt and the live engine derived."""


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    return re.sub(r"\.?__init__$", "", name)


MODULES = {module_of(path): path for path in SOURCE.rglob("*.py")}


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return the project's modules that a module imports, at any place in its text."""
    return frozenset(_imports_of(ast.parse(MODULES[module].read_text(encoding="utf-8"))) - {module})


def _imports_of(tree: ast.AST) -> set[str]:
    return {name for node in ast.walk(tree) for name in _named(node)}


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute"
        # `from package import module` names a module, `from module import thing` a thing in it.
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name.removeprefix("brt_watch.") in MODULES else str(node.module) for name in names]
    else:
        return
    for name in names:
        if name == "brt_watch" or name.startswith("brt_watch."):
            yield name.removeprefix("brt_watch").removeprefix(".")


def room_of(module: str) -> str:
    return module.partition(".")[0]


def level_of(module: str) -> int:
    (level,) = [number for number, rooms in enumerate(ROOMS) if room_of(module) in rooms]
    return level


ARROWS = sorted((module, known) for module in MODULES for known in imports_of(module))


def test_every_room_has_its_place() -> None:
    assert {room_of(module) for module in MODULES} == {room for rooms in ROOMS for room in rooms} | {BESIDE}


def test_dependencies_point_one_way() -> None:
    wrong = {
        (module, known)
        for module, known in ARROWS
        if BESIDE not in (room_of(module), room_of(known)) and level_of(known) > level_of(module)
    }
    assert wrong == set()


def test_the_core_does_not_know_the_simulation() -> None:
    knows = {room_of(module) for module, known in ARROWS if room_of(known) == BESIDE} - {BESIDE}
    assert knows <= {"cli"}
    highest = max(level_of(known) for module, known in ARROWS if room_of(module) == BESIDE != room_of(known))
    assert ROOMS[highest] == {"pipeline", "health"}


def test_the_page_knows_no_rule() -> None:
    assert set(RULES) <= set(MODULES)
    wrong = {(module, known) for module, known in ARROWS if room_of(module) == "web" and known in RULES}
    assert wrong == set()


WEB_SOURCES = sorted(
    path.relative_to(SOURCE).as_posix()
    for folder, names in (
        ("web", ("*.py", "*.js")),
        ("reports", ("*.py",)),
        ("transform/sql", ("*.sql",)),
        ("store/sql", ("web_*.sql",)),
    )
    for name in names
    for path in (SOURCE / folder).rglob(name)
    if "vendor" not in path.parts
)

A_RULE = {
    "a field of a bus compared with a number": (
        r"(?:progresso|desvio|velocidade|idade|intervalo|distancia|timestamp|datahora|progresso_anterior|direcao)"
        r"\w*(?:\([^)]*\))?\)?\s*[<>]=?\s*(?!0\b(?!\.))\d|ageOf\([^)]*\)\s*[<>]=?\s*\d|\b(?:velocidade|hodometro) < 0\b"
    ),
    "an age, a distance or a speed compared with a number": (
        r"\b(?:age|seconds|gap|headway|hold|away|metres|speed|value|p50)\)?\s*[<>]=?\s*(?![01]\b(?!\.))\d|smoothstep\(\d+\.0,"
    ),
    "where a heading ends": r"[<>]=?\s*(?:359|360)\b",
    "a threshold in metres, seconds or km/h": (
        r"\b[A-Z][A-Z_]*_(?:M|KMH|S)\b[^=\n]*=\s*\d|\bconst (?:APART|GREY|OFF_PATH|SILENT) = \d"
    ),
    "a decision from what a bus does": (
        r"\bstatus (?:[!=]==?|in|not in) (?!\('ok')[\[(\"']|\]\.includes\(\w+\.status\)|\bin \([^)]*[\"']Parado"
    ),
    "a span of time as a constant": r"\b[A-Z][A-Z_]*(?:: \w+)? = timedelta\((?:seconds|minutes)=",
    "a least number": r"\b(?:FEWEST|FEW|LEAST|ENOUGH)\w*(?:: \w+)? = [\d.]",
    "bounds in a list, some of them numbers": r"\bbounds = \[[^\]]*(?<![\w.])\d",
    "a threshold that makes another one": r"limits\(\)\.\w*fracao\w* \*|\* limits\(\)\.\w*fracao",
    "a span of time in a statement": r"interval '\d+ (?:seconds|minutes)'",
}
"""How a rule about buses looks in a source that only reads. Thresholds are vars of dbt; the page asks for them."""

RULES_OF_OLD = [
    "const old = 600; float old = smoothstep(90.0, 600.0, age);",
    "opacity = age > 86400.0 ? 0.35 : 1.0;",
    "return seconds < limits().comboio_fracao * planned ? 'bunched' : 'ok';",
    "return planned && limits().comboio_fracao * planned;",
    'vehicles.filter((bus) => bus.status === "Parado terminal" && bus.progresso_m !== null)',
    "!['Parado terminal', 'Parado garagem'].includes(bus.status)",
    "state.hold >= 30 && h('span', { class: 'hold' })",
    "filter(({ away }) => away < 60)",
    "map((vehicle) => vehicle.idade_segundos).filter((seconds) => seconds <= 600)",
    "const APART = 180;",
    "if (Date.parse(after.datahora) - Date.parse(before.datahora) > 300000) continue;",
    "if self.direcao is None or not 0 <= self.direcao < 360:",
    "'' if signal.velocidade is None or signal.velocidade < 0 else signal.velocidade",
    "and vehicle.status not in (None, 'Parado garagem')",
    "OLDEST_S = 90.0",
    'const grade = value <= 0.5 ? "good" : value <= 1 ? "fair" : "poor";',
    "const slow = speed < 0.5;",
    "const gapped = intervalo > 1.25;",
    "AT_THE_BEGINNING = timedelta(minutes=2)",
    "const FEWEST = 3;",
    "const bounds = [limits().comboio_fracao, 1.25, limits().lacuna_fracao, Infinity];",
]
"""Lines that were in such sources, and that a test had not seen."""


@pytest.mark.parametrize("line", RULES_OF_OLD)
def test_a_rule_is_seen_where_it_does_not_belong(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in A_RULE.values())


NO_RULES = {
    "web/gtfs_rt.py": {"OLDEST_S =": "the oldest position that the practices of GTFS-Realtime allow"},
    "web/history.py": {"AT_THE_BEGINNING =": "how far into the live models trips lack their beginning"},
    "web/live_models.py": {"FIRST_LOOK =": "how much of the past is derived first after a start"},
    "web/page/js/forecasts.js": {"SOON_S =": "from when on a bus is said to arrive now"},
    "web/page/js/format.js": {
        "metres < 950": "how numbers are written",
        "seconds < 100": "how numbers are written",
        "seconds < 90": "how numbers are written",
    },
    "web/page/js/views/score.js": {"value < 60": "how numbers are written"},
    "web/page/js/views/speed-modes.js": {
        "value < 10": "a step of a scale of colours",
        "value >= 90": "a step of a scale of colours",
    },
    "web/routes/history.py": {"BEFORE =": "how far before a replay the first position of a bus is looked for"},
}
"""Lines that look like a rule about buses and are none, by source and a part of the line, each with the reason."""


def test_the_page_has_no_rule_of_its_own() -> None:
    found, unknown = set(), []
    for path in WEB_SOURCES:
        text = (SOURCE / path).read_text(encoding="utf-8")
        for match in (match for pattern in A_RULE.values() for match in re.finditer(pattern, text)):
            line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
            parts = {part for part in NO_RULES.get(path, ()) if part in line}
            found |= {(path, part) for part in parts}
            if not parts:
                unknown.append((path, line.strip()))
    assert unknown == [], "a rule belongs to dbt"
    assert found == {(path, part) for path, parts in NO_RULES.items() for part in parts}, "what is gone leaves the list"


OF_RIO = re.compile(
    r"Sao_Paulo|\bRIO\b|hours=-3\b|- 3 \* 3600000|-2[23]\.\d{2}|-4[34]\.\d|[Mm]obi[Rr]io|mobilidade\.rio|\b20001\b"
    r"|TransOeste|TransCarioca"
)
"""A fact of Rio in a source: its clocks, its place, its agency, its services."""

STILL_OF_RIO = {
    "settings.py": "the default of the settings is the BRT's API",
    "clock.py": "the constant RIO, which only Rio's own modules use",
    "network/learning.py": "paths are learned from the BRT's signals",
    "cli/network.py": "an example in a help text",
    "archive/tables.py": "an example in a message; imported tables are captures of the BRT's API",
    "web/examples.py": "examples in the description of the API",
    "web/page/js/format.js": "the zone, until the server names another city's",
    "web/page/js/network.js": "the origin of the map's numbers, and no limit of them",
    "web/page/js/map/style.js": "view and names of the default map; the server names another city's box",
    "web/page/js/views/drawer.js": "the corridors of the BRT, left out for another city",
    "web/page/js/words.js": "the source of the BRT's data; the server names another city's",
    "store/sql/score_plain.sql": "a score compares with the simulated BRT",
    "store/sql/score_regularity.sql": "a score compares with the simulated BRT",
    "transform/dbt/dbt_project.yml": "the variables that the project of another city replaces (transform/city.py)",
}
"""Sources outside the BRT's feeds, its reference files and its simulator that state one, each with its reason."""


def test_facts_of_rio_are_in_the_brts_own_modules() -> None:
    suffixes = (".py", ".js", ".sql", ".yml", ".html")
    own = ("feeds/", "simulate/", "transform/dbt/seeds/", "web/page/vendor/")
    found = set()
    for path in SOURCE.rglob("*"):
        name = path.relative_to(SOURCE).as_posix()
        if path.suffix not in suffixes or name.startswith(own):
            continue
        text = path.read_text(encoding="utf-8")
        # Unit tests of the models have rows of the BRT.
        text = text.partition("\nunit_tests:")[0] if path.suffix == ".yml" else text
        if OF_RIO.search(text):
            found.add(name)
    assert found == set(STILL_OF_RIO)


def test_there_is_no_circle() -> None:
    reached: dict[str, set[str]] = {module: set(imports_of(module)) for module in MODULES}
    while True:
        wider = {module: known.union(*(reached[other] for other in known)) for module, known in reached.items()}
        if wider == reached:
            break
        reached = wider
    circles = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in MODULES
        if module in reached[module]
    }
    assert circles == set()


LONGEST_MODULE = 350
LONGEST_MODEL = 150


@pytest.mark.parametrize(
    ("folder", "suffix", "longest"),
    [
        (SOURCE, "*.py", LONGEST_MODULE),
        (DBT_PROJECT / "models", "*.sql", LONGEST_MODEL),
        (DBT_PROJECT / "macros", "*.sql", LONGEST_MODEL),
    ],
)
def test_what_is_long_says_why_at_its_top(folder: Path, suffix: str, longest: int) -> None:
    """A module, model or macro over the limit has a line `Long because ...` among its first ten."""
    long = [path for path in folder.rglob(suffix) if len(path.read_text(encoding="utf-8").splitlines()) > longest]
    heads = {path.name: path.read_text(encoding="utf-8").splitlines()[:10] for path in long}
    unsaid = {name for name, head in heads.items() if not any("Long because" in line for line in head)}
    assert unsaid == set()


def test_names_of_tests_are_short() -> None:
    """A test's name is a claim of about 60 characters; its details belong into the docstring."""
    names = [
        node.name
        for path in Path(__file__).parents[1].rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert names
    assert [name for name in names if len(name) > 62] == []
