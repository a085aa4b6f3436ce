"""The record that every feed gives: its columns, and the rules by which an entry of an answer becomes one.

Its fields are those of the BRT's API. The readers of other feeds rename theirs, so that all feeds share the capture
files, the tables and the lake (docs/decisions/0011-further-feeds.md); what has no column goes to `extra`.
The rules and their reasons are in docs/reference/capture.md#rules-of-a-record.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import msgspec

from brt_watch.model import Column, Kind, columns_of

LAST_STAMP_MS = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: the last moment that both Python and Postgres can represent."""

MAX_CODE_LENGTH = 200
"""The code is part of a key; a longer one would not fit into a Postgres index entry of 2,704 bytes."""

FEW = 0.05
"""A field or a kind of value in a smaller share of the records is an oddity, not a change of the feed."""

_KINDS = {int: "number", float: "number", str: "text", bool: "boolean", list: "list", dict: "object"}

_ESCAPED_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


class Record(NamedTuple):
    """One vehicle in a response: the fields in the API's order, with the API's names and values.

    Unknown fields, and values that do not fit their column, are in `extra`; the column is then null.
    """

    codigo: Annotated[str, Column(Kind.TEXT, "Code of the vehicle: a fleet number, mostly.")]
    placa: Annotated[str | None, Column(Kind.TEXT, "Number plate; mostly empty from 2023 to 2025.")]
    linha: Annotated[str | None, Column(Kind.TEXT, 'Line as the operator labels it; "0" is no line.')]
    latitude: Annotated[float, Column(Kind.NUMBER, "Degrees (WGS 84); (0, 0) is no fix.")]
    longitude: Annotated[float, Column(Kind.NUMBER, "Degrees (WGS 84).")]
    dataHora: Annotated[int, Column(Kind.STAMP, "When the vehicle sent the signal.", "datahora")]
    velocidade: Annotated[float | None, Column(Kind.NUMBER, "Speed in km/h, as the device reports it.")]
    id_migracao_trajeto: Annotated[str | None, Column(Kind.TEXT, "The operator's number of line, direction and path.")]
    sentido: Annotated[str | None, Column(Kind.TEXT, "Direction as the operator labels it: ida or volta.")]
    trajeto: Annotated[str | None, Column(Kind.TEXT, "Name of the path, in many spellings.")]
    hodometro: Annotated[float | None, Column(Kind.NUMBER, "Odometer in km.")]
    direcao: Annotated[int | str | None, Column(Kind.HEADING, "Heading in degrees; 360 and more occur.")]
    ignicao: Annotated[int | None, Column(Kind.SMALL, "Ignition: 1 on, 0 off.")]
    capacidadePeVeiculo: Annotated[int | None, Column(Kind.SMALL, "Places to stand.")]
    capacidadeSentadoVeiculo: Annotated[int | None, Column(Kind.SMALL, "Places to sit.")]
    extra: Annotated[str | None, Column(Kind.JSON, "Fields not listed here, and values that their column cannot hold.")]

    @property
    def vehicle(self) -> str:
        """The code of the vehicle."""
        return self.codigo

    @property
    def stamp_ms(self) -> int:
        """When the vehicle sent the signal, in milliseconds since 1970 (UTC)."""
        return self.dataHora


COLUMNS = columns_of(Record)
_KNOWN = set(Record._fields) - {"extra"}


class BrokenRule(Exception):
    """A record cannot be a signal; the text is the reason code."""


FieldTypes = tuple[tuple[str, type], ...]
"""The names and types of an entry's fields."""


@lru_cache(maxsize=5_000)
def read_entry(text: bytes) -> tuple[Record | None, str, FieldTypes]:
    """Return the record of an entry or the reason for its reject, and its types.

    Cached, because half of the entries of an answer equal those of the previous one to the byte.
    """
    try:
        entry = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None, "not_readable", ()
    types = field_types_of(entry)
    try:
        record = _record(entry)
        # JSON writes NUL only this way, and searching every field would be slow.
        if b"\\u0000" in text and _has_nul(record):
            raise BrokenRule("nul_character")
    except BrokenRule as rule:
        return None, str(rule), types
    return record, "", types


def field_types_of(entry: Any) -> FieldTypes:
    """Return the names and types of an entry's fields."""
    # The blank in direcao is a number: 0.
    values = entry.items() if isinstance(entry, dict) else ()
    return tuple((name, type(None) if value == " " else type(value)) for name, value in values)


def fields_of(counted: Counter[FieldTypes]) -> dict[str, list[str]]:
    """Return the fields of an answer's entries, each with the kinds of its values."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for types, number in counted.items():
        for name, kind in types:
            kinds[name].update({_KINDS[kind]: number} if kind in _KINDS else {})
    few = FEW * counted.total()
    return {name: sorted(kind for kind, number in counts.items() if number > few) for name, counts in kinds.items()}


def _record(entry: Any) -> Record:
    if not isinstance(entry, dict):
        raise BrokenRule("not_an_object")
    unknown = entry.keys() - _KNOWN
    extra = {name: value for name, value in entry.items() if name in unknown} if unknown else {}
    return Record(
        codigo=_code(entry.get("codigo")),
        placa=_text(entry, "placa", extra),
        linha=_text(entry, "linha", extra),
        latitude=_coordinate(entry.get("latitude"), 90),
        longitude=_coordinate(entry.get("longitude"), 180),
        dataHora=_stamp(entry.get("dataHora")),
        velocidade=_measure(entry, "velocidade", extra),
        id_migracao_trajeto=_text(entry, "id_migracao_trajeto", extra),
        sentido=_text(entry, "sentido", extra),
        trajeto=_text(entry, "trajeto", extra),
        hodometro=_measure(entry, "hodometro", extra),
        direcao=_direction(entry, extra),
        ignicao=_count(entry, "ignicao", extra),
        capacidadePeVeiculo=_count(entry, "capacidadePeVeiculo", extra),
        capacidadeSentadoVeiculo=_count(entry, "capacidadeSentadoVeiculo", extra),
        extra=as_json(extra) if extra else None,
    )


def _has_nul(record: Record) -> bool:
    """Whether Postgres could not store it: no NUL in text, nor its escape in jsonb."""
    texts = any("\0" in value for value in record if isinstance(value, str))
    return texts or bool(_ESCAPED_NUL.search(record.extra or ""))


def _code(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise BrokenRule("codigo_missing")
    if len(value) > MAX_CODE_LENGTH:
        raise BrokenRule("codigo_too_long")
    return value


def _stamp(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BrokenRule("datahora_missing")
    if not 0 <= value <= LAST_STAMP_MS:
        raise BrokenRule("datahora_out_of_range")
    return value


def _coordinate(value: Any, limit: int) -> float:
    if type(value) is not float and type(value) is not int:
        raise BrokenRule("position_missing")
    if not -limit <= value <= limit:
        raise BrokenRule("position_out_of_range")
    return value


def _text(entry: dict[str, Any], name: str, extra: dict[str, Any]) -> str | None:
    value = entry.get(name)
    if type(value) is str or value is None:
        return value
    extra[name] = value
    return None


def _measure(entry: dict[str, Any], name: str, extra: dict[str, Any]) -> float | None:
    value = entry.get(name)
    # This excludes NaN and infinities.
    if (type(value) is float or type(value) is int) and -1e15 < value < 1e15:
        return value
    if value is not None:
        extra[name] = value
    return None


def _count(entry: dict[str, Any], name: str, extra: dict[str, Any]) -> int | None:
    value = entry.get(name)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -32767 <= value <= 32767:
        return value
    if value is not None:
        extra[name] = value
    return None


def _direction(entry: dict[str, Any], extra: dict[str, Any]) -> int | str | None:
    return " " if entry.get("direcao") == " " else _count(entry, "direcao", extra)


def as_json(value: Any) -> str:
    """Return a value as compact JSON."""
    return msgspec.json.encode(value).decode()
