"""The models are written for any engine: Postgres-only syntax is in macros."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brt_watch.transform.runner import DBT_PROJECT

ONLY_IN_MACROS = {
    "casts with ::": r"::",
    "distinct on": r"\bdistinct\s+on\b",
    "filter": r"\bfilter\s*\(",
    "spans": r"\binterval\b",
    "zones": r"\bat\s+time\s+zone\b",
    "minutes": r"\bdate_trunc\b",
    "seconds": r"\bepoch\b",
    "series": r"\bgenerate_series\b",
    "hints": r"\boffset\b",
    "regular expressions": r"\bsimilar\s+to\b|\bregexp_|\s!?~\*?\s",
    "case-insensitive": r"\bilike\b",
    "arrays and JSON": r"\barray\b|\bunnest\b|->",
    "catalogs": r"\bpg_",
}

MODELS = sorted([*DBT_PROJECT.glob("models/**/*.sql"), *DBT_PROJECT.glob("analyses/*.sql")])
WRITTEN = [*MODELS, *DBT_PROJECT.glob("macros/**/*.sql")]


def statement(text: str) -> str:
    """Return a model without comments and Jinja expressions."""
    return re.sub(r"--[^\n]*|\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL).lower()


def test_all_models_are_looked_at() -> None:
    assert len(MODELS) >= 18
    assert statement("a --b::c\n {{ d('::') }}e::F") == "a  \n  e::f"


@pytest.mark.parametrize("what", ONLY_IN_MACROS)
def test_what_only_some_engines_know_stands_in_macros(what: str) -> None:
    found = [path.name for path in MODELS if re.search(ONLY_IN_MACROS[what], statement(path.read_text()))]
    assert found == []


KEYWORDS = "and|as|by|case|cast|else|end|from|group|having|in|is|join|not|null|on|or|order|over|select|then|when"
OF_THE_FORMAT = {
    "a blank at the end of a line, or a tab": r"[ \t]+$|\t",
    "no blank inside a tag": r"\{[{%]-?[^\s-]|[^\s-]-?[%}]\}",
    "a keyword in upper case": rf"\b(?:{KEYWORDS.upper()})\b",
}
"""What sqlfluff finds in a model, but not in a macro."""


@pytest.mark.parametrize("what", OF_THE_FORMAT)
def test_macros_have_the_format_of_models(what: str) -> None:
    found = []
    for path in (DBT_PROJECT / "macros").rglob("*.sql"):
        text = path.read_text(encoding="utf-8")
        assert text == text.rstrip() + "\n"
        code = re.sub(r"\{#.*?#\}|--[^\n]*", "#", text, flags=re.DOTALL)
        found += [(path.name, match[0]) for match in re.finditer(OF_THE_FORMAT[what], code, re.MULTILINE)]
    assert found == []


def test_no_aggregate_looks_from_a_row_to_the_last_one() -> None:
    """Postgres begins it again at each row: minutes for a day of signals. In reverse order it looks from the first."""
    found = [path.name for path in WRITTEN if "unbounded following" in statement(path.read_text())]
    assert found == []


def test_no_view_stands_on_a_table_that_every_run_makes_again() -> None:
    """Postgres drops such a view with the old table, and a run leaves views as they are."""
    texts = {path.stem: path.read_text() for path in MODELS}
    found = []
    for path in MODELS:
        if materialization(path) == "view":
            refs = re.findall(r"ref\('(\w+)'\)", texts[path.stem])
            found += [
                (path.stem, model.stem) for model in MODELS if model.stem in refs and materialization(model) == "table"
            ]
    assert found == []
    assert {materialization(path) for path in MODELS} == {"view", "table", "incremental", "of the network"}


def materialization(model: Path) -> str:
    """Return how the table of a model is made: by its configuration, or as dbt_project.yml has it for its folder."""
    if model.parent.name == "rede":
        return "of the network"
    if found := re.search(r"materialized='(\w+)'", model.read_text()):
        return found[1]
    return "table" if {"marts", "viagens", "previsoes"} & set(model.parts) else "view"
