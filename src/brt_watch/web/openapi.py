"""The OpenAPI document, its schemas from the modules that declare answers, and a page of it without a script."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec
from fastapi import FastAPI

from brt_watch import __version__
from brt_watch.web import control, examples, forecasts, history_schemas, listed_feeds, mart_schemas, schemas, tides

_REF = "#/components/schemas/{name}"
ROW = "x-row-schema"
_SCHEMAS = [
    value
    for module in (schemas, history_schemas, control, forecasts, tides, listed_feeds)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not msgspec.Struct
]

DESCRIPTION = """Where the buses are, now and before. Times are ISO 8601 with a zone, speeds km/h, \
distances m, ages s. Names are those of the city's API, in Portuguese. Errors are problems of RFC 9457."""


def schema(of: type, media_type: str = "application/json", **more: Any) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation that returns a schema."""
    return {200: content({"$ref": _REF.format(name=of.__name__)}, media_type, **more), **PROBLEMS}


def rows_of(of: type | str) -> dict[str, Any]:
    """Return the schema of a table (CSV): a string, with the columns of its rows."""
    return {"type": "string", ROW: {"$ref": _REF.format(name=of if isinstance(of, str) else of.__name__)}}


def content(schema: dict[str, Any], *media_types: str, **more: Any) -> dict[str, Any]:
    """Return a response in some media types."""
    return {"content": {each: {"schema": schema, **more} for each in media_types}, "description": "The requested data."}


def _problem(description: str) -> dict[str, Any]:
    return content({"$ref": _REF.format(name="Problem")}, "application/problem+json") | {"description": description}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: _problem("A parameter is invalid; the detail says why."),
    503: _problem("Nothing is captured yet, or the database does not answer."),
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: _problem("Not found.")}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client is up to date (If-None-Match)."}}


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the document; it is built once."""
    if app.openapi_schema is None:
        from fastapi.openapi.utils import get_openapi

        made = get_openapi(title="brt-watch", version=__version__, description=DESCRIPTION, routes=app.routes)
        _, components = msgspec.json.schema_components(_SCHEMAS, ref_template=_REF)
        for name, example in examples.by_schema().items():
            components[name]["examples"] = [example]
        components.update(mart_schemas.schemas())
        made.setdefault("components", {})["schemas"] = components
        for operations in made["paths"].values():
            for operation in operations.values():
                answers = operation["responses"]
                answers.pop("422") if "application/json" in answers.get("422", {}).get("content", {}) else None
        app.openapi_schema = made
    return app.openapi_schema


def _example(document: dict[str, Any], operation: dict[str, Any]) -> str | None:
    for body in operation["responses"]["200"].get("content", {}).values():
        found = document["components"]["schemas"].get(body["schema"].get("$ref", "").rpartition("/")[2], {})
        if "examples" in found:
            return msgspec.json.format(msgspec.json.encode(found["examples"][0]), indent=2).decode()
    return None


def _parameter_row(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    default = schema.get("default")
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(parameter['in'])}"
        f"<td>{escape(_type_of(schema))}<td>{escape(parameter.get('description', ''))}"
        f"<td><code>{'' if default is None else escape(str(default))}</code>"
    )


def _type_of(schema: dict[str, Any]) -> str:
    """Return the type and the allowed values of a schema, in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_of(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"] if each is not None)
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kinds = schema.get("type", "")
    kind = " or ".join(each for each in kinds if each != "null") if isinstance(kinds, list) else str(kinds)
    limits = [f"{sign} {schema[name]:g}" for name, sign in (("minimum", "≥"), ("maximum", "≤")) if name in schema]
    return " ".join(filter(None, [kind, schema.get("format", ""), *limits]))


def _about(schema: dict[str, Any]) -> str:
    return str(schema.get("description", ""))


def _csv_columns(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation["responses"].get("200", {}).get("content", {})
    row = content.get("text/csv", {}).get("schema", {}).get(ROW, {}).get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"][row]["properties"] if row else {}
    assert isinstance(found, dict)
    return found


def page(document: dict[str, Any]) -> str:
    """Return the document as a page that needs neither a script nor the internet."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        "<link rel=icon href=/page/icon.svg><link rel=stylesheet href=/page/css/tokens.css>",
        "<link rel=stylesheet href=/page/css/docs.css>",
        f"<title>brt-watch API</title><h1>brt-watch API {escape(document['info']['version'])}</h1>",
        f"<p>{escape(document['info']['description'])}</p><p><a href=/api/openapi.json>OpenAPI</a>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2>")
            parts.append(f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>")
            if parameters := operation.get("parameters"):
                rows = "".join(map(_parameter_row, parameters))
                parts.append(f"<table><tr><th>name<th>in<th>type<th>what<th>default{rows}</table>")
            if columns := _csv_columns(document, operation):
                rows = "".join(
                    f"<tr><td><code>{escape(name)}</code><td>{escape(_type_of(each))}<td>{escape(_about(each))}"
                    for name, each in columns.items()
                )
                parts.append(
                    f"<details><summary>Columns of the table</summary>"
                    f"<table><tr><th>name<th>type<th>what{rows}</table></details>"
                )
            if example := _example(document, operation):
                parts.append(f"<details><summary>An answer</summary><pre>{escape(example)}</pre></details>")
    return "\n".join(parts)
