from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brt_watch.errors import FaultSpecError
from brt_watch.simulate.fault_kinds import ALIASES, FAULTS, Fault, vehicles, with_vehicles
from brt_watch.simulate.faults import DRAW, Chance, Daily, Faults, Once, Script, fault_table, parse_faults
from tests.made_vehicles import NOON, body, vehicle

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "reference" / "simulator.md"

BY_CHANCE = sorted(name for name in [*FAULTS, *ALIASES] if name != "frozen")


def draws(faults: Faults, number: int = 2000) -> list[str]:
    """Return the name of the fault at each draw, empty when there is none."""
    return [getattr(faults.at(NOON + count * DRAW), "name", "") for count in range(number)]


def rio(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}-03:00")


def name_at(faults: Faults, moment: datetime) -> str:
    fault = faults.at(moment)
    return fault.name if fault else ""


def shown(fault: Fault | None, *records: Any) -> list[Any]:
    """Return the vehicles that an API with this fault lists, when a working one lists these."""
    assert fault
    listed = list(records)
    for change in fault.changes:
        listed = change(listed)
    return listed


# -- how faults are written -----------------------------------------------------------------------------------------

whole_seconds = st.times().map(lambda at: at.replace(microsecond=0))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
dailies = st.builds(Daily, whole_seconds, st.none() | whole_seconds).filter(lambda times: times.begins != times.ends)
spans = st.builds(Once, moments, st.none() | moments).filter(lambda span: span.ends is None or span.ends > span.begins)
scripts = st.builds(Script, st.sampled_from([*FAULTS, *ALIASES]), dailies | spans)
chances = st.lists(st.floats(0, 1), max_size=5).flatmap(
    lambda shares: st.tuples(
        *(st.builds(Chance, st.sampled_from(BY_CHANCE), st.just(share / max(1, len(shares)))) for share in shares)
    )
)


@given(st.builds(Faults, st.lists(scripts, max_size=4).map(tuple), chances, st.integers()))
def test_faults_that_are_written_down_are_read_as_the_same(faults: Faults) -> None:
    assert parse_faults(str(faults), faults.seed) == faults


def test_blanks_between_the_words_do_not_matter() -> None:
    assert parse_faults(" timeouts : 0.05 , html:0.01 ") == parse_faults("timeouts:0.05,html:0.01")


def test_nothing_written_is_no_fault() -> None:
    assert parse_faults("") == parse_faults(" ") == Faults.none()
    assert Faults.none().at(NOON) is None


@pytest.mark.parametrize(
    ("text", "named", "problem"),
    [
        ("timeout:0.05", "timeout:0.05", "timeouts"),
        ("html:0.1,htlm:0.1", "htlm:0.1", "do you mean html?"),
        ("html:0.1,", "''", "no fault has this name"),
        ("html", "html", "neither how often nor when"),
        ("html:1.5", "html:1.5", "between 0 and 1"),
        ("html:-0.1", "html:-0.1", "between 0 and 1"),
        ("html:nan", "html:nan", "between 0 and 1"),
        ("html:often", "html:often", "between 0 and 1"),
        ("html:0.6,timeouts:0.6", "html:0.6,timeouts:0.6", "add up to more than 1"),
        ("frozen:0.1", "frozen:0.1", "no chance"),
        ("outage@07:10", "outage@07:10", "not a time or moment"),
        ("outage@7:10-7:25", "outage@7:10-7:25", "not a time or moment"),
        ("outage@07:10-24:00", "outage@07:10-24:00", "hour must be in"),
        ("outage@07:10-07:10", "outage@07:10-07:10", "not after its beginning"),
        ("outage@2026-11-23T09:00-", "outage@2026-11-23T09:00-", "not a time or moment"),
        ("outage@2026-11-23T09:00Z-10:00", "outage@2026-11-23T09:00Z-10:00", "not a time or moment"),
        ("outage@2026-02-30T09:00Z-", "outage@2026-02-30T09:00Z-", "day"),
        ("outage@2026-11-23T09:00Z-2026-11-23T08:00Z", "outage@2026-11-23T09:00Z", "not after its beginning"),
    ],
)
def test_unknown_fault_is_named_with_what_is_wrong(text: str, named: str, problem: str) -> None:
    with pytest.raises(FaultSpecError) as error:
        parse_faults(text)
    assert named in str(error.value)
    assert problem in str(error.value)


@given(st.text(alphabet="html:@0.,-T Z1é"))
def test_any_text_is_faults_or_an_error_that_is_ours(text: str) -> None:
    with suppress(FaultSpecError):
        parse_faults(text)


# -- by chance ------------------------------------------------------------------------------------------------------


@given(st.integers())
def test_the_same_seed_gives_the_same_faults(seed: int) -> None:
    text = "timeouts:0.3,html:0.2"
    assert draws(parse_faults(text, seed), 50) == draws(parse_faults(text, seed), 50)


def test_another_seed_gives_others() -> None:
    assert draws(parse_faults("html:0.5", 1)) != draws(parse_faults("html:0.5", 2))


def test_a_seed_means_the_same_on_every_python_and_machine() -> None:
    faults = parse_faults("http_404:0.3,html:0.2", seed=7)
    assert draws(faults, 8) == ["", "html", "", "", "", "http_404", "http_404", ""]


def test_each_fault_has_about_its_share() -> None:
    counts = Counter(draws(parse_faults("timeouts:0.2,html:0.05", seed=1)))
    assert 300 < counts["silence_before_the_head"] < 500
    assert 60 < counts["html"] < 140


def test_a_share_of_one_is_always_and_of_none_never() -> None:
    assert set(draws(parse_faults("html:1"))) == {"html"}
    assert set(draws(parse_faults("html:0"))) == {""}


def test_a_quick_retry_meets_the_same_fault() -> None:
    faults = parse_faults("html:0.5")
    for tick in (NOON + count * timedelta(seconds=20) for count in range(50)):
        assert name_at(faults, tick) == name_at(faults, tick + timedelta(seconds=4.9))


# -- at known times -------------------------------------------------------------------------------------------------


def test_times_are_those_of_rio_on_every_day() -> None:
    faults = parse_faults("outage@07:10-07:25")
    for day in ("2026-11-23", "2026-12-31"):
        assert name_at(faults, rio(f"{day}T07:09:59.999")) == ""
        assert name_at(faults, rio(f"{day}T07:10:00")) == "reset_before_the_answer"
        assert name_at(faults, rio(f"{day}T07:24:59.999").astimezone(timezone.utc)) == "reset_before_the_answer"
        assert name_at(faults, rio(f"{day}T07:25:00")) == ""


def test_a_fault_may_last_over_midnight_in_rio() -> None:
    faults = parse_faults("html@23:50-00:10")
    at = {
        minute: name_at(faults, rio("2026-11-24T00:00:00") + timedelta(minutes=minute))
        for minute in (-11, -10, -1, 0, 9, 10)
    }
    assert at == {-11: "", -10: "html", -1: "html", 0: "html", 9: "html", 10: ""}


def test_time_of_day_without_an_end_lasts_until_rio_midnight() -> None:
    faults = parse_faults("html@21:00-")
    assert name_at(faults, rio("2026-11-23T20:59:59")) == ""
    assert name_at(faults, rio("2026-11-23T23:59:59")) == "html"
    assert name_at(faults, rio("2026-11-24T00:00:00")) == ""


def test_from_midnight_without_an_end_is_always() -> None:
    faults = parse_faults("html@00:00-")
    assert {name_at(faults, NOON + timedelta(hours=hour)) for hour in range(48)} == {"html"}


def test_a_moment_without_an_end_lasts_for_ever() -> None:
    faults = parse_faults("html@2026-11-23T09:00:00-03:00-")
    assert name_at(faults, rio("2026-11-23T08:59:59")) == ""
    assert name_at(faults, NOON + timedelta(days=3650)) == "html"


def test_moments_may_have_an_offset_before_the_dash() -> None:
    (script,) = parse_faults("html@2026-11-23T09:00-03:00-2026-11-23T10:30-03:00").scripts
    assert script.times == Once(NOON, NOON + timedelta(minutes=90))
    (script,) = parse_faults("html@09:00-10:30:15").scripts
    assert script.times == Daily(time(9), time(10, 30, 15))


def test_changes_add_up_and_the_first_answer_fault_wins() -> None:
    fault = parse_faults("new_field@09:00-,clock_off@09:00-,http_404@09:00-,html:1").at(NOON)
    assert fault
    assert fault.name == "new_field+stamps_in_the_future+http_404+html"
    (shifted,) = shown(fault, vehicle(at=NOON))
    assert shifted == {**vehicle(at=NOON + timedelta(hours=3)), "bateria": 98}
    assert fault.answer is FAULTS["http_404"].answer


def test_a_frozen_api_keeps_answering_as_of_its_beginning() -> None:
    faults = parse_faults("frozen@09:00-10:00")
    for minutes in range(60):
        fault = faults.at(NOON + timedelta(minutes=minutes))
        assert fault
        assert fault.as_of == NOON
    assert faults.at(NOON + timedelta(minutes=60)) is None


def test_what_changes_while_the_api_is_frozen_is_not_seen() -> None:
    faults = parse_faults("frozen@09:00-10:00,new_field@09:30-,field_gone@08:00-09:15")
    for minutes in (5, 20, 40):
        (record,) = shown(faults.at(NOON + timedelta(minutes=minutes)), vehicle())
        assert "bateria" not in record
        assert "ignicao" not in record
    (record,) = shown(faults.at(NOON + timedelta(minutes=60)), vehicle())
    assert {"bateria", "ignicao"} <= record.keys()


# -- the faults -----------------------------------------------------------------------------------------------------


def test_every_fault_says_what_the_api_does() -> None:
    table = dict(fault_table())
    assert table.keys() == FAULTS.keys() | ALIASES.keys()
    assert len(table) == len(FAULTS) + len(ALIASES), "no short name hides another"
    for description in table.values():
        assert description[0].isupper()
        assert "\n" not in description


def test_every_fault_is_in_the_documentation() -> None:
    lines = DOCUMENTATION.read_text().split("\n")
    assert [line for line in lines if line.startswith("| `")][-len(fault_table()) :] == [
        f"| `{name}` | {description} |" for name, description in fault_table()
    ]


def test_a_halved_fleet_keeps_the_same_vehicles_when_others_come() -> None:
    fleet = [vehicle(str(901000 + number)) for number in range(100)]
    left = shown(FAULTS["fleet_halved"], *fleet)
    assert len(left) == 40
    assert left == shown(FAULTS["fleet_halved"], *reversed(fleet))[::-1]
    later = shown(FAULTS["fleet_halved"], vehicle("901500"), *fleet)
    assert len([each for each in later if each in left]) >= 39


@pytest.mark.parametrize("name", sorted(name for name, fault in FAULTS.items() if fault.changes))
def test_a_change_leaves_entries_that_are_not_vehicles_alone(name: str) -> None:
    assert isinstance(shown(FAULTS[name], None, "901008", {"codigo": None}, {"dataHora": "now"}), list)


def test_unchanged_fields_are_spelled_as_in_the_api() -> None:
    answer = body(vehicle(), vehicle("KXE9191 PKP", direcao=" ", velocidade=0, ignicao=None))
    assert with_vehicles(vehicles(answer)) == answer
    assert vehicles(b"[]") == vehicles(b'{"veiculos":0}') == vehicles(json.dumps(None).encode()) == []
