"""Score the database against the truth of a simulation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg import sql as compose

from brt_watch.capture.simulation import simulation_of
from brt_watch.errors import NothingToScore
from brt_watch.settings import Settings
from brt_watch.store.connection import Connection, copy_rows, is_there, statement
from brt_watch.store.database import Store


@dataclass(frozen=True)
class Share:
    """A count and its total."""

    name: str
    count: int
    all: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None if the total is zero."""
        return self.count / self.all if self.all else None


@dataclass(frozen=True)
class Score:
    """The score. `false_signals` were never sent; `p95_behind_seconds` is the lag of the positions in the view.

    The errors are those of the metres along the path of signals on a trip, where line and direction are right.
    """

    shares: list[Share]
    false_signals: int
    p95_behind_seconds: float
    median_error_m: float
    p95_error_m: float
    subjects: dict[str, dict[str, Any]]
    """By subject (signals, direction, trips, passages, regularity, forecasts), under names that stay; None where
    nothing was to be compared.

    `plain` has trips, passages and regularity as straight lines and labels alone give them."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values: the subjects beside the rest."""
        rest = {name: value for name, value in asdict(self).items() if name != "subjects"}
        return {**self.subjects, **rest, "shares": [{**asdict(each), "share": each.share} for each in self.shares]}

    def figures(self) -> Iterator[tuple[str, float | None]]:
        """Yield the subjects' figures by their names, such as `passages.arrival_error_s.p90`."""
        yield from _figures(self.subjects)


def _figures(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, float | None]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _figures(value, f"{path}{name}.")
        else:
            yield path + name, value


def score(settings: Settings) -> Score:
    """Compare the database with the truth of the simulation; raises NothingToScore when there is none."""
    folders = sorted(file.parent for file in (settings.folder / "truth").glob("*/sinais.csv"))
    if not simulation_of(settings) or not folders:
        raise NothingToScore(folder=settings.folder)
    found = _compare(Store(settings), folders)
    signals, view, models = found.signals, found.view, found.models
    sent, seen = sum(row["sent"] for row in signals), sum(row["seen"] for row in signals)
    shares = [
        Share("signals seen", seen, sent),
        *(Share(f"signals seen, {row['estado']}", row["seen"], row["sent"]) for row in signals),
        *(
            Share(f"signals with the right line and direction, {row['estado']}", row["rightly_labelled"], row["seen"])
            for row in signals
            if row["estado"] == "viagem"
        ),
        Share("vehicles whose newest signal is in generate_view", view["up_to_date"], view["vehicles"]),
        *(
            Share(f"signals of gps_brt on a trip {what}", models[name], models["signals"])
            for name, what in (
                ("right_line", "with the right line"),
                ("right_label", "with the right direction in their label"),
                ("right_direction", "with the right direction"),
                ("on_path", "on their path"),
                ("right_status", "with the right status"),
            )
        ),
    ]
    false = signals[0]["false_signals"] if signals else 0
    behind, median, p95 = view["p95_behind_seconds"], models["median_error_m"], models["p95_error_m"]
    return Score(shares, false, round(behind, 1), round(median, 1), round(p95, 1), _subjects(seen, sent, models, found))


def _subjects(seen: int, sent: int, models: dict[str, Any], found: _Compared) -> dict[str, dict[str, Any]]:
    return {
        "signals": {"recall": _share(seen, sent)},
        "direction": {"right": _share(models["right_direction"], models["signals"])},
        **_of_trips(*found.derived),
        "forecasts": _of_forecasts(found.forecasts),
        "plain": _of_trips(*found.plain),
    }


def _of_forecasts(forecasts: dict[str, Any]) -> dict[str, Any]:
    return {
        "transitapp": _rounded(forecasts["transitapp"], 4),
        "mbta": _rounded(forecasts["mbta"], 4),
        "calitp": _rounded(forecasts["calitp"], 4),
        "never_came": _share(forecasts["never_came"], forecasts["made"]),
        "error_s": {"p50": _rounded(forecasts["error_p50"])},
        "interval_60_holds": _rounded(forecasts["interval_60_holds"], 4),
        "wobble": _rounded(forecasts["wobble"], 3),
    }


def _of_trips(trips: dict[str, Any], passages: dict[str, Any], regularity: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "trips": {
            "recall": _share(trips["recalled"], trips["happened"]),
            "precision": _share(trips["right_ones"], trips["found"]),
            **{kind: _of_kind(trips, kind) for kind in ("in_silence", "circular", "partial", "relabelled")},
            "outside_silences": _outside_silences(trips),
        },
        "passages": {
            "recall": _share(passages["recalled"], passages["happened"]),
            "precision": _share(passages["right_ones"], passages["found"]),
            "arrival_error_s": {"p50": _rounded(passages["arrival_p50"]), "p90": _rounded(passages["arrival_p90"])},
            "departure_error_s": {
                "p50": _rounded(passages["departure_p50"]),
                "p90": _rounded(passages["departure_p90"]),
            },
            "interval_90_holds": _rounded(passages["interval_90_holds"], 4),
        },
        "regularity": {
            "ewt_error_s": _rounded(regularity["ewt_error_s"]),
            "ewt_error_p50_s": _rounded(regularity["ewt_error_p50"]),
            "ewt_error_settled_s": _rounded(regularity["ewt_error_settled_s"]),
            "interval_holds": _rounded(regularity["interval_holds"], 4),
        },
    }


def _of_kind(trips: dict[str, Any], kind: str) -> dict[str, float | None]:
    """Return which share of all trips is of a kind, and the recall of these."""
    return {
        "share": _share(trips[kind], trips["happened"]),
        "recall": _share(trips[f"recalled_{kind}"], trips[kind]),
    }


def _outside_silences(trips: dict[str, Any]) -> dict[str, float | None]:
    """Return the recall of the trips of which both ends follow from signals."""
    if trips["happened"] is None:
        return {"recall": None}
    recalled, happened = (trips[name] for name in ("recalled", "happened"))
    return {"recall": _share(recalled - trips["recalled_in_silence"], happened - trips["in_silence"])}


def _share(count: int | None, whole: int | None) -> float | None:
    return round(count / whole, 4) if count is not None and whole else None


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


@dataclass(frozen=True)
class _Compared:
    """The results of the statements `score_*`."""

    signals: list[dict[str, Any]]
    view: dict[str, Any]
    models: dict[str, Any]
    derived: list[dict[str, Any]]
    """Trips, passages and waits of the models, and after them those of the plain way (`score_plain`)."""
    plain: list[dict[str, Any]]
    forecasts: dict[str, Any]


TRUTH = {"sinais": "sinais", "viagens": "verdade_viagens", "passagens": "verdade_passagens"}
"""The files of a truth, and the temporary tables that they are copied into."""

OF_TRIPS = ("score_trips", "score_passages", "score_regularity")


def _compare(store: Store, folders: list[Path]) -> _Compared:
    """Compare signals, view, models, trips, passages and waits with the truth, those of them that are there."""
    with store.connection() as connection:
        connection.execute(statement("stage_truth"))
        for folder in folders:
            for name, table in TRUTH.items():
                _copy_truth(connection, folder / f"{name}.csv", table)
        connection.execute(statement("score_once"))
        connection.execute("create index on sinais (codigo, datahora)")
        connection.execute("create index on verdade_viagens (codigo, partida)")
        connection.execute("create index on verdade_passagens (codigo, chegada)")
        connection.execute("analyze sinais; analyze verdade_viagens; analyze verdade_passagens")
        signals = connection.execute(statement("score_signals")).fetchall()
        view: dict[str, Any] = {"vehicles": 0, "up_to_date": 0, "p95_behind_seconds": 0.0}
        models: dict[str, Any] = defaultdict(int)
        if is_there(connection, "generate_view"):
            (view,) = connection.execute(statement("score_view")).fetchall()
            (models,) = connection.execute(statement("score_models")).fetchall()
        nothing: list[dict[str, Any]] = [defaultdict(lambda: None) for _ in OF_TRIPS]
        derived = plain = nothing
        forecasts = nothing[0]
        if is_there(connection, "regularidade_hora"):
            derived = [connection.execute(statement(name)).fetchall()[0] for name in OF_TRIPS]
            (forecasts,) = connection.execute(statement("score_forecasts")).fetchall()
            connection.execute(statement("score_plain"))
            plain = [connection.execute(statement(name)).fetchall()[0] for name in OF_TRIPS]
    return _Compared(signals, view, models, derived, plain, forecasts)


def _copy_truth(connection: Connection, file: Path, table: str) -> None:
    """Copy a file of a truth; unknown columns are copied as text and not used."""
    with file.open(encoding="utf-8") as lines:
        columns = [compose.Identifier(name) for name in lines.readline().strip().split(",")]
    for column in columns:
        connection.execute(
            compose.SQL("alter table {} add column if not exists {} text").format(compose.Identifier(table), column)
        )
    copy = compose.SQL("copy {} ({}) from stdin (format csv, header)")
    copy_rows(connection, file, copy.format(compose.Identifier(table), compose.SQL(", ").join(columns)))
