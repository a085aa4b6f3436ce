"""A small fleet of our own making, answering as the API does, and a clock for it, for tests without a recording."""

from __future__ import annotations

import gzip
import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)
START = datetime(2025, 6, 5, 21, 44, 49, 698086, tzinfo=timezone.utc)


def vehicle(codigo: str = "901008", at: datetime = START, **changes: Any) -> dict[str, Any]:
    """Return a record as the API gives it, its signal 20 s old."""
    record = {
        "codigo": codigo,
        "placa": "",
        "linha": "22",
        "latitude": -23.006784,
        "longitude": -43.313043,
        "dataHora": int((at - timedelta(seconds=20)).timestamp()) * 1000,
        "velocidade": 12.8,
        "id_migracao_trajeto": "",
        "sentido": "volta",
        "trajeto": "22 - JARDIM OCEÂNICO X ALVORADA (PARADOR) [VOLTA]",
        "hodometro": 176266.6,
        "direcao": 90,
        "ignicao": 1,
    }
    return {name: value for name, value in {**record, **changes}.items() if value is not ...}


def body(*records: Any) -> bytes:
    """Return a response with these records, in the API's spelling."""
    return json.dumps({"veiculos": list(records)}, ensure_ascii=False, separators=(",", ":")).encode()


def recorded_minutes(minutes: int = 10, vehicles: int = 60, seed: int = 1) -> list[tuple[datetime, bytes]]:
    """Return successive answers, a minute apart: most vehicles signal, some rest, some have the feed's oddities."""
    chance = random.Random(seed)
    fleet = [vehicle(str(901000 + number)) for number in range(vehicles)]
    fleet[0]["codigo"] = "KXE9191 PKP"
    fleet[1] |= {"linha": "0", "sentido": "", "trajeto": ""}
    fleet[2] |= {"dataHora": 1682553600000, "velocidade": 48.3}
    fleet[3]["ignicao"] = None
    answers = []
    for minute in range(minutes):
        at = START + minute * timedelta(seconds=61)
        for number, record in enumerate(fleet):
            if number == 2 or chance.random() < 0.3:
                continue
            ahead = 155 if number == 4 else -chance.randrange(5, 60)
            record |= {
                "dataHora": int((at + timedelta(seconds=ahead)).timestamp()) * 1000,
                "latitude": round(-22.9 - chance.random() / 10, 6),
                "longitude": round(-43.3 - chance.random() / 3, 6),
                "velocidade": chance.choice([0, 17, round(chance.random() * 60, 1)]),
                "direcao": chance.choice([" ", chance.randrange(1, 360), 798]),
                "hodometro": round(record["hodometro"] + chance.random(), 1),
            }
        broken = vehicle("901999", latitude=None)
        answers.append((at, body(*fleet, broken)))
    return answers


def write_recording(path: Path, answers: list[tuple[datetime, bytes]]) -> Path:
    """Write answers as a recording that `brt-watch replay` plays."""
    with gzip.open(path, "wb") as file:
        for at, answer in answers:
            file.write(b'{"captured_at":"%s","body":%s}\n' % (at.isoformat().encode(), answer))
    return path
