"""The code of docs/how-to/notebook.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_vehicles import NOON, vehicle
from tests.unit.test_lake import Recorder

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "notebook.md"


@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo"])
def test_the_hours_are_rios_in_any_zone_of_the_machine(tmp_path: Path, zone: str) -> None:
    recorder = Recorder(tmp_path / "data")
    recorder.add(recorder.window([vehicle("1", NOON), vehicle("2", NOON, linha="35")]))
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[:2]
    query = second.partition("import matplotlib")[0].replace(".df()", ".fetchall()")
    code = f"{first}\n{query}\nimport json\nprint(json.dumps(speeds))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"TZ": zone}, capture_output=True, check=True
    )
    assert json.loads(said.stdout) == [["22", 8, 12.8], ["35", 8, 12.8]]
