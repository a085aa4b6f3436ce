"""How much of a simulation the pipeline recovered: what is in the database, beside what really happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brt_watch.capture.simulation import simulation_of
from brt_watch.errors import NothingToScore
from brt_watch.settings import Settings
from brt_watch.store.connection import copy_file, is_there, statement
from brt_watch.store.database import Store


@dataclass(frozen=True)
class Share:
    """So many of all."""

    name: str
    count: int
    all: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.count / self.all if self.all else None


@dataclass(frozen=True)
class Score:
    """What was recovered. `false_signals` were never sent; `p95_behind_seconds` is of the positions in the view.

    The errors are those of the metres along the path of signals on a trip, where line and direction are right.
    """

    shares: list[Share]
    false_signals: int
    p95_behind_seconds: float
    median_error_m: float
    p95_error_m: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**asdict(self), "shares": [{**asdict(each), "share": each.share} for each in self.shares]}


def score(settings: Settings) -> Score:
    """Compare the database with the truth of the simulation; raises NothingToScore when there is none."""
    files = sorted((settings.folder / "truth").glob("*/sinais.csv"))
    if not simulation_of(settings) or not files:
        raise NothingToScore(folder=settings.folder)
    signals, view, models = _compare(Store(settings), files)
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
    return Score(shares, false, round(behind, 1), round(median, 1), round(p95, 1))


def _compare(store: Store, files: list[Path]) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Return what was seen of the simulated signals, by what the bus did, and how right the view and the models are."""
    with store.connection() as connection:
        connection.execute(statement("stage_truth"))
        for file in files:
            copy_file(connection, file, "sinais")
        connection.execute("create index on sinais (codigo, datahora); analyze sinais")
        signals = connection.execute(statement("score_signals")).fetchall()
        view = {"vehicles": 0, "up_to_date": 0, "p95_behind_seconds": 0.0}
        models: dict[str, Any] = defaultdict(int)
        if is_there(connection, "generate_view"):
            (view,) = connection.execute(statement("score_view")).fetchall()
            (models,) = connection.execute(statement("score_models")).fetchall()
    return signals, view, models
