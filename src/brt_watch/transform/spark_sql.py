"""The statements of the models in Spark's SQL, translated from DuckDB's by sqlglot.

sqlglot knows both dialects; the rules here are for what it leaves as it is or translates into something else. The
models are written for DuckDB and Postgres, and need no third spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator


class _Generator(SparkGenerator):
    # Spark knows CTEs inside others, with a name twice; sqlglot would move them into one list.
    EXPRESSIONS_WITHOUT_NESTED_CTES: ClassVar[set[type[exp.Expr]]] = set()


_UTC = exp.Literal.string("UTC")
_A_MILLION = "1e6"


WRITTEN_OUT = 4
"""How often a CTE may be written out in a statement; what is read more often is a table of its own."""


def steps(name: str, sql: str) -> Iterator[tuple[str, str]]:
    """Yield the statements that make a model, in order, each with the name of its rows; the last one has the model's.

    Spark writes a CTE out wherever it is read. Where CTEs read each other several times, the statement would grow with
    their product: those are made before.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    assert isinstance(tree, exp.Query)
    often = _read_often(tree)
    ctes: list[exp.CTE] = []
    for cte in tree.ctes:
        if cte.alias in often:
            step = exp.select("*").from_(cte.alias)
            step.set("with_", exp.With(expressions=[each.copy() for each in (*ctes, cte)]))
            yield f"{name}__{cte.alias}", _to_spark(step)
            cte.set("this", exp.select("*").from_(f"{name}__{cte.alias}"))
        ctes.append(cte)
    yield name, _to_spark(tree)


def _read_often(tree: exp.Query) -> set[str]:
    """Return the CTEs that would be written out more often than WRITTEN_OUT."""
    main = tree.copy()
    main.set("with_", None)
    readers: list[tuple[int, exp.Expr]] = [(1, main)]
    often = set()
    for cte in reversed(tree.ctes):
        times = sum(
            written_out * sum(table.name == cte.alias and not table.db for table in reader.find_all(exp.Table))
            for written_out, reader in readers
        )
        if times > WRITTEN_OUT:
            often.add(cte.alias)
        readers.append((1 if cte.alias in often else times, cte.this))
    return often


def to_spark(sql: str) -> str:
    """Return a statement of DuckDB in Spark's SQL, with the tables by their bare names. The session must be in UTC."""
    return _to_spark(sqlglot.parse_one(sql, read="duckdb"))


def _to_spark(tree: exp.Expr) -> str:
    tree = tree.copy()
    _write_out_windows(tree)
    return _Generator(dialect=Spark(), comments=False).generate(_translated(tree), copy=False)


def _translated(node: exp.Expr) -> exp.Expr:
    return node.transform(_rule)


def _rule(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table):
        node.set("db", None)
        node.set("catalog", None)
    elif isinstance(node, exp.CTE):
        # Spark decides by itself what to make once.
        node.set("materialized", None)
    elif isinstance(node, exp.Extract):
        return _part(node)
    elif isinstance(node, exp.UnixToTime):
        micros = _call("round", exp.Mul(this=exp.paren(_translated(node.this)), expression=_number(_A_MILLION)))
        return _call("timestamp_micros", exp.cast(micros, "bigint"))
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
        return _call("unix_micros", *(_translated(each) for each in node.expressions))
    elif isinstance(node, exp.AtTimeZone):
        return _in_zone(node)
    elif isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont):
        # The exact one: sqlglot would write the approximate one.
        (ordered,) = node.expression.expressions
        return _call("percentile", _translated(ordered.this), _translated(node.this.this))
    elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.GenerateSeries):
        first, last = (_translated(node.this.args[end]) for end in ("start", "end"))
        # Spark would count downwards where the last number is below the first.
        numbers = _call("if", exp.LTE(this=first, expression=last), _call("sequence", first, last), _call("array"))
        node.set("this", _call("explode", numbers))
    elif isinstance(node, exp.Literal) and not node.is_string and re.fullmatch(r"\d*\.\d*", node.this):
        # A double: the decimals of the engines differ in what a division keeps.
        return _number(f"{node.this}D")
    return node


def _part(node: exp.Extract) -> exp.Expr:
    part, of = node.name.upper(), node.expression.unnest()
    if part == "DOW":
        # Sunday is 1 in Spark.
        return exp.paren(exp.Sub(this=_call("dayofweek", _translated(of)), expression=_number("1")))
    if part != "EPOCH":
        return node
    if isinstance(of, exp.Sub) and not isinstance(of.expression, exp.Interval):
        later, earlier = (_call("unix_micros", _translated(side)) for side in (of.this, of.expression))
        micros: exp.Expr = exp.paren(exp.Sub(this=later, expression=earlier))
    else:
        micros = _call("unix_micros", _translated(of))
    return exp.paren(exp.Div(this=micros, expression=_number(_A_MILLION)))


def _in_zone(node: exp.AtTimeZone) -> exp.Expr:
    """Convert a moment to the time of a zone, or, where a time without a zone is given, back to the moment."""
    of, zone = node.this.unnest(), node.args["zone"]
    without_zone = isinstance(of, exp.Add) and isinstance(of.this, exp.Cast) and of.this.is_type("timestampntz")
    if without_zone:
        return exp.cast(_call("convert_timezone", zone, _UTC, _translated(of)), "timestamptz")
    local = exp.DataType.build("timestamp_ntz", dialect="spark")
    return _call("convert_timezone", _UTC, zone, exp.cast(_translated(of), local))


def _write_out_windows(tree: exp.Expr) -> None:
    """Write each named window where it is used: `over name - x` would be one name with a hyphen for Spark."""
    for select in list(tree.find_all(exp.Select)):
        named = {window.name: window for window in select.args.get("windows") or ()}
        for window in list(select.find_all(exp.Window)) if named else ():
            name = window.args.get("alias")
            if name is None or window.find_ancestor(exp.Select) is not select:
                continue
            window.set("alias", None)
            for part in ("partition_by", "order", "spec"):
                found = named[name.name].args.get(part)
                if found and not window.args.get(part):
                    window.set(part, [each.copy() for each in found] if isinstance(found, list) else found.copy())
        select.set("windows", None)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _number(text: str) -> exp.Expr:
    return exp.Literal.number(text)
