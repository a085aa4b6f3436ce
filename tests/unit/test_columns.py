"""The columns of a record are declared once; every list of them elsewhere agrees with the declaration."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from brt_watch.archive.columns import NAMES
from brt_watch.archive.publish import TYPES
from brt_watch.capture.ledger import CSV_FIELDS
from brt_watch.feeds.record import COLUMNS, Record
from brt_watch.model import Kind

PROJECT = Path(__file__).parents[2]
SCHEMA = (files("brt_watch.store") / "sql" / "schema" / "001_first.sql").read_text()

POSTGRES = {
    Kind.TEXT: "text",
    Kind.NUMBER: "double precision",
    Kind.SMALL: "smallint",
    Kind.HEADING: "smallint",
    Kind.STAMP: "timestamptz",
    Kind.JSON: "jsonb",
}


def test_the_csv_has_the_declared_columns_after_captured_at() -> None:
    assert ("captured_at", *Record._fields) == CSV_FIELDS


def test_the_table_of_signals_begins_with_the_declared_columns() -> None:
    (table,) = re.findall(r"create table brt_raw \((.*?)captured_at", SCHEMA, re.DOTALL)
    declared = [
        f"{column.table_name} {POSTGRES[column.kind]}" + (" not null" if column.required else "") for column in COLUMNS
    ]
    assert [line.strip() for line in table.strip().rstrip(",").split(",\n")] == declared


def test_the_data_dictionary_lists_the_declared_columns() -> None:
    rows = [
        f"| `{column.name}` | `{column.table_name}` | {column.kind.value} | "
        f"{'yes' if column.required else 'no'} | {column.meaning} |"
        for column in COLUMNS
    ]
    assert "\n".join(rows) in (PROJECT / "docs" / "reference" / "data-dictionary.md").read_text(encoding="utf-8")


def test_an_import_has_names_for_every_declared_column() -> None:
    assert {*NAMES} - {"captured_at"} == {column.name for column in COLUMNS} - {"extra"}


def test_published_types_are_those_of_the_declaration() -> None:
    numbers = {Kind.NUMBER: "number", Kind.SMALL: "integer", Kind.HEADING: "integer", Kind.STAMP: "datetime"}
    declared = {column.table_name: numbers[column.kind] for column in COLUMNS if column.kind in numbers}
    assert declared | {"captured_at": "datetime"} == TYPES


@pytest.mark.parametrize("statement", ["day_sums", "lake/sums", "lake/export", "tables/records"])
def test_a_statement_on_whole_signals_names_every_column(statement: str) -> None:
    """A checksum without a column would call two different signals equal."""
    text = (files("brt_watch.store") / "sql" / f"{statement}.sql").read_text()
    assert {column.table_name for column in COLUMNS if column.table_name not in re.findall(r"\w+", text)} == set()
