"""The supervisor, responsive and silent; no program is started, because that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brt_watch import health, lock
from brt_watch.errors import SupervisorSilent
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.service.supervisor import SOCKET, Service


@pytest.fixture(params=["data", "50% %(here)s # ; 'ç' \" \\ é" + 80 * "x"], ids=["plain", "odd and long"])
def service(make_resources: object, request: pytest.FixtureRequest, resources: Resources) -> Iterator[Service]:
    service = Service(make_resources(request.param).settings)  # type: ignore[operator]
    assert service.start([]) == []
    yield service
    service.stop()
    assert not service.is_running()


def test_supervisor_starts_whatever_the_folder_is_called(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert service.is_running()
    assert {program.name: program.state for program in service.programs()} == dict.fromkeys(service.names, "STOPPED")
    assert health.supervisor_process(service.settings.folder)
    monkeypatch.setenv("BRT_WATCH_ALERT_WEBHOOK", 'it\'s $HOME `x` "%d" \n#;')
    service._write_launcher("web")
    launcher = service.run / "web.sh"
    assert launcher.stat().st_mode & 0o777 == 0o600


def test_a_removed_socket_is_reported_and_nothing_restarts(resources: Resources) -> None:
    service = Service(resources.settings)
    service.start([])
    try:
        process = health.supervisor_process(resources.settings.folder)
        assert process
        (service.run / SOCKET).unlink()
        with pytest.raises(SupervisorSilent, match="make stop, then make start"):
            service.start(["web"])
        assert process.is_running()
        with lock.hold(service.run / "web.lock", "web"):
            found = report(resources)
        assert [program.name for program in found.programs] == ["web"]
        assert any("cannot be asked" in problem for problem in found.problems)
        assert not any("does not run" in problem for problem in found.problems)
    finally:
        assert service.stop()
    assert not process.is_running()
