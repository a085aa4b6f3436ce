"""The answers of the city's other buses: everything text, decimal commas, and stamps that are three hours off."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.errors import NotTheContract
from brt_watch.feeds import feed_named
from brt_watch.feeds.sppo import parameters
from brt_watch.model import Parsed
from tests.fleet import NOON

CONECTA, ZIRIX = feed_named("sppo_conecta"), feed_named("sppo_zirix")


def bus(**changes: Any) -> dict[str, Any]:
    found = {
        "ordem": "B31039",
        "latitude": "-22,87645",
        "longitude": "-43,25731",
        "datahora": str(int(NOON.timestamp() * 1000)),
        "velocidade": "25",
        "linha": "422",
        "datahoraenvio": str(int(NOON.timestamp() * 1000) + 5000),
        "datahoraservidor": str(int(NOON.timestamp() * 1000) + 8000),
    }
    return {**found, **changes}


def read(*buses: Any, feed: Any = ZIRIX) -> Parsed:
    return feed.read(json.dumps(list(buses)).encode())  # type: ignore[no-any-return]


def test_texts_with_decimal_commas_become_numbers() -> None:
    (record,) = read(bus(velocidade="25,5")).records
    assert (record.vehicle, record.stamp_ms) == ("B31039", int(NOON.timestamp() * 1000))
    assert (record.latitude, record.longitude, record.velocidade) == (-22.87645, -43.25731, 25.5)  # type: ignore[attr-defined]
    assert json.loads(record.extra).keys() == {"datahoraenvio", "datahoraservidor"}  # type: ignore[attr-defined]


def test_the_stamps_of_conecta_say_z_and_are_local() -> None:
    local = f"{NOON - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    (conecta,) = read(bus(datahora=local), feed=CONECTA).records
    (zirix,) = read(bus(datahora=f"{NOON:%Y-%m-%dT%H:%M:%SZ}")).records
    (offset,) = read(bus(datahora=f"{NOON - timedelta(hours=3):%Y-%m-%dT%H:%M:%S-03:00}"), feed=CONECTA).records
    assert {each.stamp_ms for each in (conecta, zirix, offset)} == {int(NOON.timestamp() * 1000)}


def test_an_entry_that_breaks_a_rule_costs_itself() -> None:
    parsed = read(bus(), bus(latitude="x"), bus(datahora="ontem"), bus(ordem=""), 7, bus(velocidade="muito"))
    assert len(parsed.records) == 2
    reasons = ["position_missing", "datahora_missing", "codigo_missing", "not_an_object"]
    assert [reject.reason for reject in parsed.rejects] == reasons
    body = b"[" + json.dumps(bus()).encode() + b', {"ordem": NaN}]'
    assert [reject.reason for reject in ZIRIX.read(body).rejects] == ["not_readable"]


def test_a_request_goes_back_behind_the_last_good_poll() -> None:
    assert parameters(NOON, NOON - timedelta(seconds=20)) == {
        "dataInicial": "2026-11-23 08:58:40",
        "dataFinal": "2026-11-23 09:00:00",
    }
    assert parameters(NOON, NOON - timedelta(hours=5))["dataInicial"] == "2026-11-23 08:50:00"
    assert parameters(NOON, None)["dataInicial"] == "2026-11-23 08:59:00"


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"{}", b"", b'{"veiculos": []}', b"[{]"])
def test_what_is_no_list_of_vehicles_says_why(body: bytes) -> None:
    with pytest.raises(NotTheContract):
        ZIRIX.read(body)


@given(st.binary() | st.binary(max_size=20).map(lambda tail: json.dumps([bus()]).encode() + tail))
def test_any_bytes_give_a_result_or_a_reason(body: bytes) -> None:
    for feed in (CONECTA, ZIRIX):
        with suppress(NotTheContract):
            feed.read(body)
