"""Fuzzing of the parser: any bytes give a result that the CSV can hold, or a reason. See docs/how-to/fuzzing.md.

python -m fuzz.fuzz_parse bytes -max_total_time=300      bytes as they come
python -m fuzz.fuzz_parse records -max_total_time=300    valid answers with changed values
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(
    include=["brt_watch.feeds.brt", "brt_watch.feeds.record", "brt_watch.model", "brt_watch.capture.ledger"]
):
    from brt_watch.capture.ledger import CSV_FIELDS, REJECT_FIELDS, csv_lines
    from brt_watch.errors import NotTheContract
    from brt_watch.feeds.brt import parse
    from brt_watch.feeds.record import Record
    from brt_watch.model import signal_ages

from tests import fleet

HERE = Path(__file__).parent
CAPTURED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
REASONS = {"not_json", "broken_json", "not_the_contract", "empty_list"}
FIELDS = [*Record._fields, "novo", ""]

TOKENS = ["NaN", "Infinity", "1e999", "-0", "-0.0", "1E5", "1e300", "9" * 25, "9" * 5000, "[" * 950 + "]" * 950, "tru"]
"""What json.dumps does not write by itself; it takes the place of a value."""

TEXTS = ["", " ", "\0", "\\u0000", '"', "\r\n", "\\.", "\ud800", "\x85", "'", ",", "9" * 300, "é" * 200, "\U0001f68c"]
NUMBERS = [
    0,
    -1,
    90,
    180.0000001,
    32767,
    -32768,
    10**15,
    10**18,
    253_402_300_799_999,
    253_402_300_800_000,
    2**64,
    5e-324,
]


def check(body: bytes) -> None:
    """Raise AssertionError, or whatever the parser should not have raised, unless its promises hold for `body`."""
    entries = _entries(body)
    try:
        parsed = parse(body)
    except NotTheContract as failure:
        if failure.reason not in REASONS:
            raise
        return
    records, rejects = parsed.records, parsed.rejects
    assert entries is None or len(records) + len(rejects) == len(entries) > 0
    _written_and_read(records, CSV_FIELDS)
    _written_and_read(rejects, REJECT_FIELDS)
    for record in records:
        assert record.extra is None or isinstance(_read_json(record.extra), dict)
    for reject in rejects:
        _read_json(reject.record)
    # What the pipeline does next with every good answer.
    signal_ages(records, CAPTURED_AT)


def _entries(body: bytes) -> list[Any] | None:
    """Return the list as another JSON reader sees it, None where it sees none."""
    try:
        document = _read_json(body.decode())
    except (ValueError, RecursionError):
        return None
    entries = document.get("veiculos") if isinstance(document, dict) else None
    return entries if isinstance(entries, list) else None


def _read_json(text: str) -> Any:
    # Deeper than the parser under test can go, which keeps the ordinary limit.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(5000)
    try:
        return json.loads(text)
    finally:
        sys.setrecursionlimit(limit)


def _written_and_read(tuples: list[Any], names: tuple[str, ...]) -> None:
    written = csv_lines(("moment", *each) for each in tuples).decode()
    read = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert all(len(row) == len(names) for row in read)
    assert read == [["moment", *("" if value is None else str(value) for value in each)] for each in tuples]


def changed_answer(data: atheris.FuzzedDataProvider) -> bytes:
    """Return a valid answer in which the fuzzer changed values, names, entries, and at times a few bytes."""
    entries: list[Any] = [fleet.vehicle(str(901000 + number)) for number in range(data.ConsumeIntInRange(1, 3))]
    for _ in range(data.ConsumeIntInRange(1, 6)):
        place = data.ConsumeIntInRange(0, len(entries) - 1)
        if not isinstance(entries[place], dict) or data.ConsumeProbability() < 0.05:
            entries[place] = _value(data)
            continue
        name = data.PickValueInList(FIELDS) if data.ConsumeProbability() < 0.9 else data.ConsumeUnicode(8)
        if data.ConsumeProbability() < 0.1:
            entries[place].pop(name, None)
        else:
            entries[place][name] = _value(data)
    ascii_only = data.ConsumeBool()
    text = json.dumps({"veiculos": entries}, ensure_ascii=ascii_only)
    for number, token in enumerate(TOKENS):
        text = text.replace(f'"token {number}"', token)
    body = bytearray(text.encode("utf-8", "surrogatepass"))
    if data.ConsumeProbability() < 0.05:
        body[data.ConsumeIntInRange(0, len(body) - 1)] = data.ConsumeIntInRange(0, 255)
    return bytes(body)


def _value(data: atheris.FuzzedDataProvider, depth: int = 0) -> Any:
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: data.ConsumeBool(),
        lambda: data.PickValueInList(NUMBERS),
        lambda: data.ConsumeInt(9),
        lambda: data.ConsumeIntInRange(-400, 400),
        lambda: data.ConsumeFloat(),
        lambda: data.PickValueInList(TEXTS),
        lambda: data.PickValueInList(TEXTS) + data.ConsumeUnicode(6),
        lambda: data.ConsumeUnicode(30),
        lambda: f"token {data.ConsumeIntInRange(0, len(TOKENS) - 1)}",
    ]
    if depth < 3:
        makers.append(lambda: [_value(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 3))])
        makers.append(lambda: {data.ConsumeUnicode(6): _value(data, depth + 1)})
    return data.PickValueInList(makers)()


def changed_records(data: bytes) -> None:
    """Check an answer made from these bytes."""
    check(changed_answer(atheris.FuzzedDataProvider(data)))


def main() -> None:
    """Run until libFuzzer's own limits; it prints what it found and where it kept it."""
    mode, *arguments = sys.argv[1:] or ["--help"]
    modes = {"bytes": check, "records": changed_records}
    if mode not in modes:
        sys.exit(__doc__)
    # Longer fields than the csv module takes by itself.
    csv.field_size_limit(2**31 - 1)
    files = [f"-dict={HERE / 'parse.dict'}", f"-seed_inputs={HERE / 'answer.json'}"]
    atheris.Setup([sys.argv[0], "-max_len=2048", *files, *arguments], modes[mode])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
