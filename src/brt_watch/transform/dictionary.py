"""The data dictionary of the models: docs/reference/models.md, written from the descriptions that dbt has of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brt_watch.place import home
from brt_watch.transform.runner import DBT_PROJECT, described_models

LAYERS = {
    "marts": "Tables and views that people ask for",
    "intermediate": "Steps between",
    "staging": "What is loaded, renamed and marked",
}
"""The folders of `src/brt_watch/transform/dbt/models`, those first that a reader looks for."""

HEAD = """# Models

The tables and views that dbt builds. `make docs` writes this page from the descriptions in
`src/brt_watch/transform/dbt/models`. The reference files and the simulator's truth are in
[data-dictionary.md](data-dictionary.md), the city's words and the standards' in [glossary.md](glossary.md).
"""


def dictionary() -> str:
    """Return the page."""
    parts = [HEAD]
    for layer, title in LAYERS.items():
        parts.append(f"\n## {title}\n")
        parts += ["\n".join(_section(model)) for model in described_models(DBT_PROJECT / "models" / layer)]
    return "\n".join(parts)


def dictionary_path() -> Path:
    """Return where the page lies: in the documentation of a checkout."""
    return home() / "docs" / "reference" / "models.md"


def write_dictionary(path: Path) -> bool:
    """Write the page; returns whether its text changed."""
    page = dictionary()
    changed = not path.exists() or path.read_text(encoding="utf-8") != page
    path.parent.mkdir(exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return changed


def _section(model: dict[str, Any]) -> Iterator[str]:
    typed = any("data_type" in column for column in model["columns"])
    yield f"\n### {model['name']}\n"
    yield f"{_line(model['description'])}\n"
    yield "| column | type | meaning |" if typed else "| column | meaning |"
    yield "|---|---|---|" if typed else "|---|---|"
    for column in model["columns"]:
        cells = [f"`{column['name']}`", *([column["data_type"]] if typed else []), _line(column["description"])]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _line(text: str) -> str:
    return " ".join(text.split())
