"""The models are written for any engine: Postgres-only syntax is in macros."""

from __future__ import annotations

import re

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


def test_no_aggregate_looks_from_a_row_to_the_last_one() -> None:
    """Postgres begins it again at each row: minutes for a day of signals. In reverse order it looks from the first."""
    found = [path.name for path in WRITTEN if "unbounded following" in statement(path.read_text())]
    assert found == []


def test_no_cross_join_comes_before_a_left_one() -> None:
    """DuckDB keeps a view as text, with a comma for a cross join: a left join after it binds to its right side alone.

    The lake makes its views from that text.
    """
    wrong = re.compile(r"\bcross join (?!lateral)[^\n(]+\n\s*left join\b")
    views = {path.stem: text for path in MODELS if "materialized='view'" in (text := path.read_text(encoding="utf-8"))}
    assert [name for name, text in views.items() if wrong.search(text)] == []
