"""The facts behind the names: docs/reference/capture.md#rules-of-a-record."""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.errors import NotTheContract
from brt_watch.feeds.brt import parse
from brt_watch.feeds.record import Record
from brt_watch.model import Parsed, Reject
from tests.made_vehicles import body, vehicle


def one(**changes: Any) -> Record:
    parsed = parse(body(vehicle(**changes)))
    assert parsed.rejects == []
    return parsed.records[0]


def reason(**changes: Any) -> str:
    parsed = parse(body(vehicle(**changes), vehicle("901009")))
    assert [record.codigo for record in parsed.records] == ["901009"], "the others of the response go on"
    return parsed.rejects[0].reason


def test_a_record_keeps_what_the_api_sent() -> None:
    record = vehicle(capacidadePeVeiculo=0, capacidadeSentadoVeiculo=0)
    assert one(capacidadePeVeiculo=0, capacidadeSentadoVeiculo=0) == Record(**record, extra=None)


def test_fields_of_later_years_are_null_in_earlier_ones() -> None:
    record = one(hodometro=..., direcao=..., ignicao=...)
    assert (record.hodometro, record.direcao, record.ignicao) == (None, None, None)


def test_whole_numbers_come_as_integers_and_stay() -> None:
    record = one(velocidade=17, hodometro=185294, latitude=0, longitude=0)
    assert json.dumps([record.velocidade, record.hodometro, record.latitude]) == "[17, 185294, 0]"


def test_unrounded_doubles_of_2021_keep_every_digit() -> None:
    assert repr(one(latitude=-23.00179333333333).latitude) == "-23.00179333333333"


def test_a_blank_direction_is_kept_as_the_api_spells_north() -> None:
    assert one(direcao=" ").direcao == " "


def test_directions_beyond_the_circle_are_kept() -> None:
    assert one(direcao=798).direcao == 798


def test_no_fix_at_zero_zero_is_a_record() -> None:
    assert one(latitude=0, longitude=0).latitude == 0


def test_a_null_ignition_is_null() -> None:
    assert one(ignicao=None).ignicao is None


def test_a_negative_odometer_is_kept() -> None:
    assert one(hodometro=-1616788.296).hodometro == -1616788.296


def test_years_old_and_future_stamps_are_records() -> None:
    assert one(dataHora=1592323989000).dataHora == 1592323989000
    assert one(dataHora=4102444800000).dataHora == 4102444800000


@pytest.mark.parametrize("codigo", ["KXE9191 PKP", "861039050366992", "486 Queclink - antigo  A8 PRO", "E902000"])
def test_a_code_need_not_be_a_fleet_number(codigo: str) -> None:
    assert one(codigo=codigo).codigo == codigo


def test_a_code_that_becomes_a_number_is_still_the_code() -> None:
    assert one(codigo=901008).codigo == "901008"


def test_an_unknown_field_survives_in_extra() -> None:
    assert json.loads(one(bateria={"v": 12.6}).extra or "") == {"bateria": {"v": 12.6}}


@pytest.mark.parametrize(
    ("name", "value"),
    [("velocidade", "12,8"), ("ignicao", True), ("direcao", "N"), ("linha", 22), ("hodometro", []), ("ignicao", 40000)],
)
def test_value_of_another_type_moves_to_extra(name: str, value: object) -> None:
    """The signal itself stays."""
    record = one(**{name: value})
    assert getattr(record, name) is None
    assert json.loads(record.extra or "") == {name: value}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"codigo": ...}, "codigo_missing"),
        ({"codigo": " "}, "codigo_missing"),
        ({"codigo": "9" * 201}, "codigo_too_long"),
        ({"dataHora": None}, "datahora_missing"),
        ({"dataHora": "1749159870000"}, "datahora_missing"),
        ({"dataHora": -1}, "datahora_out_of_range"),
        ({"dataHora": 10**18}, "datahora_out_of_range"),
        ({"latitude": None}, "position_missing"),
        ({"longitude": "-43.3"}, "position_missing"),
        ({"latitude": -90.1}, "position_out_of_range"),
        ({"trajeto": "a\0b"}, "nul_character"),
        ({"novo": "a\0b"}, "nul_character"),
    ],
)
def test_a_record_that_breaks_a_rule_is_kept_with_the_reason(changes: dict[str, Any], expected: str) -> None:
    assert reason(**changes) == expected


def test_text_that_only_spells_a_nul_is_no_nul() -> None:
    assert one(novo="\\u0000").extra == '{"novo":"\\\\u0000"}'


def test_a_reject_keeps_its_place_and_its_json() -> None:
    parsed = parse(b'{"veiculos":[null,{"codigo":"x","latitude":1}]}')
    assert [(r.position, r.reason, r.record) for r in parsed.rejects] == [
        (0, "not_an_object", "null"),
        (1, "position_missing", '{"codigo":"x","latitude":1}'),
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "not_json"),
        (b"<html>502 Bad Gateway</html>", "not_json"),
        (body(vehicle())[:-40], "broken_json"),
        (b"[" * 100_000, "broken_json"),
        (b'{"veiculos":{}}', "not_the_contract"),
        (b"[]", "not_the_contract"),
        (b'"veiculos"', "not_the_contract"),
        (b'{"erro":"limite"}', "not_the_contract"),
        (b'{"veiculos":[]}', "empty_list"),
    ],
)
def test_an_answer_that_is_not_the_contract_says_why(answer: bytes, expected: str) -> None:
    with pytest.raises(NotTheContract) as failure:
        parse(answer)
    assert failure.value.reason == expected


@pytest.mark.parametrize("value", [b"9" * 5000, b"1e999", b'"S\xc3O JO\xc3O"'])
@pytest.mark.parametrize("name", [b"velocidade", b"dataHora", b"trajeto", b"novo"])
def test_unreadable_record_does_not_cost_the_others(name: bytes, value: bytes) -> None:
    good = json.dumps(vehicle()).encode()
    parsed = parse(b'{"veiculos":[%b,{"codigo":"1","%b":%b},%b]}' % (good, name, value, good))
    assert len(parsed.records) == 2
    assert [(reject.position, reject.reason) for reject in parsed.rejects] == [(1, "not_readable")]
    assert parsed.rejects[0].record.startswith(f'{{"codigo":"1","{name.decode()}":')


@pytest.mark.parametrize(
    "broken",
    [
        b'{"codigo":"1","velocidade":NaN}',
        b'{"codigo":"1","velocidade":-Infinity,"trajeto":"a \\"]} b"}',
        b'{"codigo":"1","ignicao":True,}',
        b'{"codigo":"1","novo":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"{codigo: None}",
        b"nan",
    ],
)
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_a_vehicle_that_is_no_json_costs_no_other(broken: bytes, bom: bytes) -> None:
    good = json.dumps(vehicle()).encode()
    parsed = parse(bom + b' {"a":{"veiculos":[1,2]},"veiculos" : [%b, %b ,%b],"b":NaN} ' % (good, broken, good))
    assert list(parsed.records) == [one(), one()]
    assert parsed.rejects == [Reject(1, "not_readable", broken.decode())]


@pytest.mark.parametrize(
    "broken", [b'{"codigo":"1","placa":"AB"C","x":1}', b'{"codigo":"1","x":[1,2}}', b'{"codigo":"1","x":2]']
)
def test_odd_quotes_and_brackets_cost_no_neighbour(broken: bytes) -> None:
    """An odd quote absorbs everything after it, and a wrong bracket the whole answer."""
    good = json.dumps(vehicle()).encode()
    parsed = parse(b'{"veiculos":[%b, %b,\n%b]}' % (good, broken, good))
    assert list(parsed.records) == [one(), one()]
    assert parsed.rejects == [Reject(1, "not_readable", broken.decode())]


def test_a_bom_before_the_answer_is_no_part_of_it() -> None:
    assert list(parse(codecs.BOM_UTF8 + body(vehicle())).records) == [one()]


@pytest.mark.parametrize(
    "answer",
    [
        b'{"veiculos":[{"a":NaN},{"b":',
        b'{"veiculos":[{"a":NaN}]',
        b'{"veiculos":[{"a":NaN}]}}',
        b'{"veiculos":[{"a":NaN}]} x',
        b'{"veiculos":[{"a":NaN]}]}',
    ],
)
def test_an_answer_cut_off_is_not_taken_for_whole(answer: bytes) -> None:
    with pytest.raises(NotTheContract) as failure:
        parse(answer)
    assert failure.value.reason == "broken_json"


def adds_up(parsed: Parsed, entries: int) -> None:
    assert len(parsed.records) + len(parsed.rejects) == entries
    for line in (*parsed.records, *parsed.rejects):
        ",".join(map(str, line)).encode()


@given(st.binary())
def test_any_bytes_give_a_result_or_a_reason(answer: bytes) -> None:
    with suppress(NotTheContract):
        parse(answer)


@given(st.lists(st.sampled_from([b"1", b'"\xff"', b"-1e999", b"9" * 5000, b"{}", body(vehicle())]), min_size=1))
def test_records_and_rejects_add_up_whatever_cannot_be_read(entries: list[bytes]) -> None:
    adds_up(parse(b'{"veiculos":[%b]}' % b",".join(entries)), len(entries))


# All of UTF-8; by its name Hypothesis would first encode a million characters.
text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
changed = st.dictionaries(st.sampled_from([*vehicle(), "capacidadePeVeiculo", "novo"]), values)


@given(st.lists(changed.map(lambda changes: {**vehicle(), **changes}) | values, min_size=1, max_size=4))
def test_records_and_rejects_add_up_whatever_the_values(entries: list[Any]) -> None:
    adds_up(parse(json.dumps({"veiculos": entries}).encode()), len(entries))
