"""Forecasts: one rule for the present and for the past, using only what was known at the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from brt_watch.clock import RIO
from brt_watch.network import read_network
from brt_watch.transform.compiled import Compiled, compiled, project_vars
from brt_watch.transform.live import LiveEngine, quoted
from brt_watch.transform.trained import QUERIES, TrainedFiles

VARS = project_vars()
LINE, WAY = "22", "ida"
STOPS = [stop.distancia_m for stop in read_network().paths[LINE, WAY].stops]
NOW = datetime(2026, 11, 25, 13, 0, tzinfo=timezone.utc)  # a Wednesday, 10:00 in Rio
TODAY, HOUR = "2026-11-25", 10
Training = Callable[[str], bytes]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compiled(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def network(models: Compiled) -> Iterator[LiveEngine]:
    """An engine with the network, which takes seconds to build."""
    engine = LiveEngine(models)
    yield engine
    engine.close()


@pytest.fixture
def engine(network: LiveEngine, tmp_path: Path) -> LiveEngine:
    """The engine without signals and training."""
    network._trained_files, network._training = TrainedFiles(tmp_path / "forecasts"), None
    for table in ("gps_brt", "tempos_trecho", "previsao_margem"):
        network._run(f"delete from public.{table}")
    return network


def signal(engine: LiveEngine, codigo: str, at: datetime, metres: float, **more: Any) -> None:
    """Add a row of gps_brt: a bus that moves on the path of the line, captured five seconds after it sent."""
    local = at.astimezone(RIO)
    row = {
        "data": local.date(), "hora": local.hour,
        "id_veiculo": codigo, "timestamp_gps": at, "captured_at": at + timedelta(seconds=5), "servico": LINE,
        "linha": LINE, "sentido": WAY, "sentido_informado": WAY, "progresso_m": metres, "desvio_m": 3,
        "velocidade_instantanea": 40,
        "flag_em_movimento": True, "status": "Em operação", "flag_futuro": False, "flag_fora_da_area": False,
        "latitude": -23.0, "longitude": -43.37, "adiantamento_segundos": 0, "load_id": 1, "trajeto": "",
    } | more  # fmt: skip
    values = ", ".join("null" if value is None else quoted(value) for value in row.values())
    engine._run(f"insert into public.gps_brt ({', '.join(row)}) values ({values})")


def heartbeat(engine: LiveEngine) -> None:
    """Add a vehicle in its garage, heard now, so that the newest moment is NOW."""
    signal(engine, "901999", NOW - timedelta(seconds=5), 9000, status="Parado garagem", flag_em_movimento=False)


def forecasts(engine: LiveEngine, codigo: str = "901001") -> list[dict[str, Any]]:
    engine.derive()
    return engine.dicts(f"select * from public.previsoes where id_veiculo = '{codigo}' order by ordem")


def seconds(row: dict[str, Any], column: str = "chegada_p50") -> float:
    return float((row[column] - NOW).total_seconds())


def train(folder: Path, run_s: float, stop_s: float, margin: tuple[float, float, float] = (-0.1, 0.0, 0.1)) -> None:
    """Write a training in which every stretch of the line takes the same time."""
    rows = [
        f"{TODAY},útil,{LINE},{WAY},{hour},{number},{run_s},{stop_s},50"
        for hour in (HOUR - 1, HOUR)
        for number in range(1, len(STOPS))
    ]
    bands = [f"{TODAY},{kind},histórico,{band},,,,{margin[0]},{margin[1]},{margin[2]},500"
             for kind in ("a caminho", "no terminal") for band in (0, 3, 6, 10, 15)]  # fmt: skip
    tables = {
        "tempos_trecho": "dia,tipo_dia,linha,sentido,hora_operacao,ordem,percurso_s,parada_s,onibus",
        "previsao_margem": "dia,tipo,base,horizonte_min,linha,sentido,parte_dia,p20,p50,p80,previsoes",
    }
    content = {"tempos_trecho": rows, "previsao_margem": bands}
    files = {QUERIES[name]: "\n".join([head, *content[name]]) + "\n" for name, head in tables.items()}
    TrainedFiles(folder / "forecasts").write(lambda query: files[query].encode())


def test_without_history_the_plan_is_used_and_said(engine: LiveEngine) -> None:
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), STOPS[1] + 200)
    found = forecasts(engine)
    assert {row["base"] for row in found} == {"plano"}
    assert [row["ordem"] for row in found] == list(range(3, 3 + len(found)))
    for row in found:
        assert row["chegada_p20"] <= row["chegada_p50"] <= row["chegada_p80"]
        assert 0 < seconds(row) <= VARS["previsao_horizonte_segundos"]


def test_usual_times_add_up_and_margins_widen_them(engine: LiveEngine, tmp_path: Path) -> None:
    train(tmp_path, run_s=100, stop_s=20)
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), (STOPS[1] + STOPS[2]) / 2)
    first, second, third = forecasts(engine)[:3]
    assert {row["base"] for row in (first, second)} == {"histórico"}
    # Half of the stretch is left, and the signal is 20 s old; then a stop and a stretch each.
    assert seconds(first) == pytest.approx(30, abs=1)
    assert seconds(second) == pytest.approx(150, abs=1)
    assert seconds(third) == pytest.approx(270, abs=1)
    assert seconds(second, "chegada_p20") == pytest.approx(150 - 0.1 * 210, abs=1)
    assert seconds(second, "chegada_p80") == pytest.approx(150 + 0.1 * 210, abs=1)


def test_a_new_training_is_read_at_the_next_poll(engine: LiveEngine, tmp_path: Path) -> None:
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), STOPS[1] + 100)
    assert {row["base"] for row in forecasts(engine)} == {"plano"}
    train(tmp_path, run_s=100, stop_s=20)
    assert {row["base"] for row in forecasts(engine)} == {"histórico"}


@pytest.mark.parametrize("damage", ["dia,tipo\n2026-11-25,útil\n", "", None])
def test_a_training_that_cannot_be_read_is_passed_over(engine: LiveEngine, tmp_path: Path, damage: str | None) -> None:
    """After an upgrade its columns may differ: the page continues with the plan."""
    train(tmp_path, run_s=100, stop_s=20)
    (file,) = (tmp_path / "forecasts").glob("*/previsao_margem.csv")
    file.unlink() if damage is None else file.write_text(damage)
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), STOPS[1] + 100)
    assert {row["base"] for row in forecasts(engine)} == {"plano"}


def test_slow_buses_before_make_later_ones_later(engine: LiveEngine, tmp_path: Path) -> None:
    """Three buses took a minute longer than usual from the third station to the fourth in the last half hour."""
    train(tmp_path, run_s=100, stop_s=20)
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), STOPS[1] + 100)
    before = forecasts(engine)
    for number, minutes in enumerate((30, 20, 10)):
        at = NOW - timedelta(minutes=minutes)
        for metres, later in ((STOPS[2] - 40, -5), (STOPS[2] - 20, 5), (STOPS[3] - 40, 175), (STOPS[3] - 20, 185)):
            signal(engine, f"90200{number}", at + timedelta(seconds=later), metres)
    after = forecasts(engine)
    assert seconds(after[0]) == seconds(before[0])
    drawn = 3 * 60 / (3 + VARS["previsao_encolhe"])
    assert seconds(after[1]) - seconds(before[1]) == pytest.approx(drawn, abs=2)


def test_a_loss_of_the_last_minutes_counts_in_part(engine: LiveEngine, tmp_path: Path) -> None:
    """Of a minute that a bus stood, more is left out for a station far ahead than for the next one."""
    run_s = 200
    train(tmp_path, run_s=run_s, stop_s=0)
    heartbeat(engine)

    def place(second: float) -> float:
        stretch, share = divmod(second / run_s, 1)
        return STOPS[int(stretch)] + share * (STOPS[int(stretch) + 1] - STOPS[int(stretch)])

    for codigo, stood in (("901001", 60), ("901002", 0)):
        for minute in range(5):
            behind = max(0, 60 * minute - stood)
            signal(engine, codigo, NOW - timedelta(seconds=20 + 60 * minute), place(3.4 * run_s - behind))
    late, on_time = ([seconds(row) for row in forecasts(engine, codigo)] for codigo in ("901001", "901002"))
    left_out = [one - other for one, other in zip(on_time, late, strict=True)]
    assert 0 < left_out[0] < left_out[-1]
    assert left_out[-1] == pytest.approx(60 * (1 - VARS["previsao_peso_longe"]), abs=2)


def test_a_bus_that_lost_time_will_lose_some_more(engine: LiveEngine, tmp_path: Path) -> None:
    """It took 540 s on its last four stretches, which usually take 400 s, and was on time in the last minutes."""
    run_s = 100
    train(tmp_path, run_s=run_s, stop_s=0)
    heartbeat(engine)
    for codigo, slow in (("901001", 2), ("901002", 1)):
        for ago in range(20, 800, 60):
            usual = 640 - ago if ago <= 300 else 340 - (ago - 300) / slow
            stretch, share = divmod(usual / run_s, 1)
            if usual >= 150:
                metres = STOPS[int(stretch)] + share * (STOPS[int(stretch) + 1] - STOPS[int(stretch)])
                signal(engine, codigo, NOW - timedelta(seconds=ago), metres)
    late, on_time = ([20 + seconds(row) for row in forecasts(engine, codigo)] for codigo in ("901001", "901002"))
    more = VARS["previsao_peso_proprio"] * (540 / 400 - 1)
    assert late == pytest.approx([(1 + more) * each for each in on_time], abs=2)
    assert late[-1] - on_time[-1] > 4


def test_a_bus_in_its_last_terminal_has_no_forecast_for_it(engine: LiveEngine) -> None:
    """It counts as arrived where it enters the terminal, as in `passagens`."""
    heartbeat(engine)
    for codigo, short_of in (("901001", 400), ("901002", 200)):
        signal(engine, codigo, NOW - timedelta(seconds=20), STOPS[-1] - short_of)
    assert [row["ordem"] for row in forecasts(engine)] == [len(STOPS)]
    assert forecasts(engine, "901002") == []


@pytest.mark.parametrize(
    "why",
    [
        {"desvio_m": 150},
        {"status": "Parado garagem"},
        {"sentido": None},
        {"flag_em_movimento": False, "status": "Parado trajeto correto"},
    ],
)
def test_a_bus_that_is_on_no_trip_has_no_forecast(engine: LiveEngine, why: dict[str, Any]) -> None:
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), STOPS[1] + 100, **why)
    assert forecasts(engine) == []


@pytest.mark.parametrize(("age", "expected"), [(180, True), (181, False)])
def test_a_silent_bus_has_no_forecast(engine: LiveEngine, age: int, expected: bool) -> None:
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=age), STOPS[1] + 100)
    assert bool(forecasts(engine)) is expected


def test_a_bus_at_its_terminal_leaves_a_headway_after(engine: LiveEngine, tmp_path: Path) -> None:
    train(tmp_path, run_s=100, stop_s=20, margin=(0, 0, 0))
    heartbeat(engine)
    signal(engine, "902001", NOW - timedelta(seconds=140), 100)
    signal(engine, "902001", NOW - timedelta(seconds=100), STOPS[1] / 2 + 300)
    signal(
        engine, "901001", NOW - timedelta(seconds=20), 50,
        velocidade_instantanea=0, flag_em_movimento=False, status="Parado terminal",
    )  # fmt: skip
    found = forecasts(engine)
    assert {row["tipo"] for row in found} == {"no terminal"}
    (headway,) = engine.rows(
        f"select intervalo_s from public.int_rede__plano where linha = '{LINE}' and de_s <= 36000 and ate_s > 36000"
    )[0]
    left = seconds(found[0]) - 100 * (STOPS[1] - 50) / STOPS[1]
    assert headway - 140 <= left <= max(VARS["previsao_saida_segundos"], headway - 100)


@pytest.mark.parametrize(
    ("line", "metres", "kind"),
    [(LINE, 590, "no terminal"), (LINE, 610, "a caminho"), ("80", 360, "no terminal"), ("80", 380, "a caminho")],
)
def test_a_bus_waits_before_its_second_station(engine: LiveEngine, line: str, metres: float, kind: str) -> None:
    """Buses also wait beside the stop; the second station of line 80 is 401 m from its first."""
    heartbeat(engine)
    signal(engine, "901001", NOW - timedelta(seconds=20), metres, servico=line, velocidade_instantanea=0)
    assert {row["tipo"] for row in forecasts(engine)} == {kind}


def history(engine: LiveEngine, models: Compiled) -> None:
    """Make the tables that a score reads and the live engine does not have, empty."""
    engine._run(
        "create or replace table public.velocidade_trecho (dia_operacao date, tipo_dia text, linha text, sentido text, "
        "hora_operacao integer, ordem integer, passagens integer, tempo_mediano_segundos double, "
        "parada_mediana_segundos double)"
    )
    engine._run(
        "create or replace table public.passagens (id_veiculo text, dia_operacao date, linha text, sentido text, "
        "ordem integer, chegada timestamptz)"
    )


def test_the_past_is_forecast_by_the_live_rule(engine: LiveEngine, models: Compiled, tmp_path: Path) -> None:
    """The scored forecast of a minute is the one that the page showed: later signals change nothing."""
    train(tmp_path, run_s=100, stop_s=20)
    history(engine, models)
    engine._run(f"insert into public.velocidade_trecho (dia_operacao) values ('{TODAY}')")
    heartbeat(engine)
    codes = [f"9010{number:02}" for number in range(40)]
    for number, codigo in enumerate(codes):
        for ago in (140, 100, 60, 20):
            signal(engine, codigo, NOW - timedelta(seconds=ago), STOPS[2] + 60 * number - 10 * ago + 1500)
    engine.derive()
    shown = {
        (row["id_veiculo"], row["ordem"]): seconds(row)
        for row in engine.dicts("select * from public.previsoes where tipo = 'a caminho'")
    }
    for codigo in codes:
        signal(engine, codigo, NOW + timedelta(seconds=20), STOPS[-1])
    signal(engine, "901999", NOW + timedelta(hours=2), 9000, status="Parado garagem", flag_em_movimento=False)
    engine._create("int_previsoes__passadas", "table", models.model("int_previsoes__passadas").sql)
    rows = engine.dicts(
        "select id_veiculo, ordem, restante_s from public.int_previsoes__passadas "
        f"where momento = {NOW.timestamp():.0f} and tipo = 'a caminho'"
    )
    assert rows
    for row in rows:
        assert row["restante_s"] == pytest.approx(shown[row["id_veiculo"], row["ordem"]], abs=0.51)


@pytest.mark.parametrize(
    ("hole", "after", "counts"),
    [((4, 20), 90, False), ((4, 6.5), 90, True), ((60, 80), 90, True), ((-9, -4), 90, True), ((85, 89), 4, False)],
)
def test_a_forecast_counts_if_the_capture_shows_the_outcome(
    engine: LiveEngine, models: Compiled, tmp_path: Path, hole: tuple[float, float], after: int, counts: bool
) -> None:
    """A bus that may have come in a hole of minutes, or after the capture of a day, is not one that never came."""
    train(tmp_path, run_s=100, stop_s=20)
    history(engine, models)
    engine._run("insert into public.velocidade_trecho (dia_operacao) values ('2026-11-25'), ('2026-11-26')")
    for codigo in [f"9010{number:02}" for number in range(40)]:
        for ago in (80, 20):
            signal(engine, codigo, NOW - timedelta(seconds=ago), STOPS[2] + 500 - ago)
    parked = {"status": "Parado garagem", "flag_em_movimento": False}
    for minute in range(-10, after):
        if not hole[0] < minute < hole[1]:
            signal(engine, "901999", NOW + timedelta(minutes=minute, seconds=-5), 9000, **parked)
    # The next capture begins with signals from before it.
    signal(engine, "901998", NOW + timedelta(hours=2), 9000, captured_at=NOW + timedelta(days=1), **parked)
    engine._create("int_previsoes__passadas", "table", models.model("int_previsoes__passadas").sql)
    found = engine.rows(
        f"select distinct desfecho_visto from public.int_previsoes__passadas where momento = {NOW.timestamp():.0f} "
        "and restante_s < 60"
    )
    assert found == [(counts,)]


def test_a_day_is_never_forecast_with_itself(engine: LiveEngine, models: Compiled) -> None:
    history(engine, models)
    engine._run(
        "insert into public.velocidade_trecho values "
        f"('2026-11-24', 'útil', '{LINE}', '{WAY}', 10, 1, 100, 90, null),"
        f"('2026-11-25', 'útil', '{LINE}', '{WAY}', 10, 1, 100, 500, null)"
    )
    engine._create("treinados", "table", models.model("tempos_trecho").sql)
    rows = engine.dicts("select * from public.treinados where tipo_dia = 'útil' and hora_operacao in (10, 22)")
    found = [(str(row["dia"]), row["percurso_s"]) for row in rows]
    assert found == [("2026-11-25", 90)] * 2, "also at an hour without buses"


def test_the_yardsticks_count_as_published(engine: LiveEngine, models: Compiled) -> None:
    """TransitApp: by the actual arrival, bounds included, -30 to +90 s below three minutes. Never came: wrong."""
    engine._run(
        "create table public.int_previsoes__com_margens as select 60.0 * n as momento, n::text as id_veiculo, "
        f"'{LINE}' as linha, '{WAY}' as sentido, date '{TODAY}' as dia_operacao, 3 as ordem, 1000.0 as falta_m, "
        "30.0 as velocidade, 'a caminho' as tipo, 100.0 as usual_s, chegou_em_s, 1 as derived_by, "
        "n < 8 as desfecho_visto, 90.0 as p20_s, 100.0 as p50_s, 130.0 as p80_s "
        "from (values (1, 70.0), (2, 69.9), (3, 179.9), (4, 190.0), (5, 191.0), (6, null), (7, 90.0), "
        "(8, null), (9, 90.0)) as t (n, chegou_em_s)"
    )
    engine._create("acerto", "table", models.model("previsao_acerto").sql)
    (row,) = engine.dicts("select * from public.acerto where metodo = 'previsão'")
    assert row["previsoes"] == 7
    assert row["nunca_chegaram"] == 1
    assert row["sem_desfecho"] == 2
    # 190 and 191 lie in the band of 3 to 6 minutes; of the five others 69.9 and the one that never came are wrong.
    assert (row["previsoes_transitapp"], row["certas_transitapp"]) == (5, 3)
    # -60 to +60 s by the forecast.
    assert row["certas_mbta"] == 3
    # 100 s: more than -65.2 s and less than 69.3 s.
    assert row["certas_calitp"] == 3
    assert row["na_faixa"] == 1


def test_the_same_history_gives_the_same_training(tmp_path: Path) -> None:
    trained = TrainedFiles(tmp_path / "forecasts")
    assert trained.version() is None
    first = trained.write(lambda query: b"a\n1\n")
    assert trained.write(lambda query: b"a\n1\n") == first == trained.version()
    others = [trained.write(lambda query, n=n: b"a\n%d\n" % n) for n in range(2, 8)]  # type: ignore[misc]
    assert trained.version() == others[-1]
    assert len([each for each in (tmp_path / "forecasts").iterdir() if each.is_dir()]) == 3
