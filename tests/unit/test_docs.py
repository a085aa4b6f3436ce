"""The documentation and the program name the same commands, targets and reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click.testing import CliRunner
from pydantic import SecretStr

from brt_watch.archive.tables import EXPECTED
from brt_watch.cli import app
from brt_watch.settings import Settings

PROJECT = Path(__file__).parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text()
REASONS = (PROJECT / "docs" / "reference" / "capture.md").read_text()
PROGRAM: typer.core.TyperGroup = typer.main.get_command(app)  # type: ignore[assignment]
runner = CliRunner()


def commands(group: typer.core.TyperGroup, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield (*words, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, (*words, name))


def has_commands(words: tuple[str, ...]) -> bool:
    return any(len(other) > len(words) and other[: len(words)] == words for other in ALL)


def runs(words: tuple[str, ...]) -> bool:
    """Whether a command does something by itself; most groups do not."""
    command = PROGRAM
    for word in words:
        command = command.commands[word]  # type: ignore[assignment]
    return not has_commands(words) or command.invoke_without_command


ALL = list(commands(PROGRAM))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_and_option_has_help(words: tuple[str, ...]) -> None:
    assert runner.invoke(PROGRAM, [*words, "--help"]).exit_code == 0
    command: typer.core.TyperGroup | typer.core.TyperCommand = PROGRAM
    for word in words:
        command = command.commands[word]  # type: ignore[union-attr,assignment]
    assert command.help
    for parameter in command.params:
        assert parameter.name == "help" or parameter.help, parameter.name  # type: ignore[attr-defined]


def row_of(words: tuple[str, ...]) -> str:
    """Return a command as a row of docs/reference/commands.md: name, first paragraph of the help, options."""
    command: typer.core.TyperCommand = PROGRAM  # type: ignore[assignment]
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    arguments = [
        (item.metavar or item.name or "").upper() for item in command.params if item.param_type_name == "argument"
    ]
    options = [f"`{max(item.opts, key=len)}`" for item in command.params if item.param_type_name == "option"]
    name = " ".join(["brt-watch", *words, *arguments])
    meaning = " ".join((command.help or "").split("\n\n")[0].split()).replace("|", "\\|")
    return f"| `{name}` | {meaning} | {', '.join(option for option in options if option != '`--help`')} |"


def test_the_table_of_commands_is_that_of_the_program() -> None:
    """Where it fails, it shows the rows to paste."""
    rows = "\n".join(row_of(words) for words in ALL if runs(words))
    assert rows in (PROJECT / "docs" / "reference" / "commands.md").read_text(), rows


def targets_of_make() -> list[str]:
    return re.findall(r"^([a-z_-]+):", MAKEFILE, re.MULTILINE)


def test_commands_and_targets_named_in_docs_exist() -> None:
    groups = {words[0] for words in ALL if len(words) > 1}
    targets = set(targets_of_make())
    for path in (PROJECT / ".env.example", *PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")):
        code = re.findall(r"```(\w*)\n(.*?)```|`([^`]+)`", path.read_text(), re.DOTALL)
        # What is fenced without a language is what commands print.
        quoted = "\n".join(inline or fenced for language, fenced, inline in code if inline or language == "sh")
        for first, second in re.findall(r"\bbrt-watch (?:--demo )?([a-z]+)(?: ([a-z]+))?", quoted):
            words = (first, second) if first in groups and second else (first,)
            assert words in ALL, f"{path.name}: brt-watch {' '.join(words)}"
        for target in re.findall(r"\bmake ([a-z_-]+)", quoted):
            assert target in targets, f"{path.name}: make {target}"


def test_make_targets_are_explained_and_phony() -> None:
    phony = MAKEFILE.split(".PHONY:")[1].split("VENV")[0].replace("\\", "").split()
    assert sorted(targets_of_make()) == sorted(phony)
    for target in phony:
        assert re.search(rf"^{target}:.*## \w", MAKEFILE, re.MULTILINE), target


def test_every_reason_is_documented_and_record_reasons_on_page() -> None:
    code = "".join(path.read_text() for path in (PROJECT / "src" / "brt_watch").rglob("*.py"))
    failures = set(re.findall(r'(?:PollFailed|FeedFailed|NotTheContract|FAILED,|MISSED,)[ (]f?"(\w+)"', code))
    rejects = set(re.findall(r'(?:BrokenRule\(|return None, )"(\w+)"', code))
    assert {"deadline", "disk_full", "not_running", "simulated", "empty_list"} <= failures
    assert {"position_missing", "not_readable"} <= rejects
    rejects |= EXPECTED.keys()
    unexplained = {reason for reason in failures | rejects if f"`{reason}`" not in REASONS}
    assert unexplained == set()
    words = (PROJECT / "src" / "brt_watch" / "web" / "page" / "js" / "words.js").read_text()
    assert {reason for reason in rejects if f'"reject.{reason}"' not in words} == set()


def links_of(path: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s:]+)\)", re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize("path", [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = [link for link in links_of(path) if not (path.parent / link.split("#")[0]).exists()]
    assert broken == []


def test_every_document_is_in_the_list_of_its_kind() -> None:
    index = (PROJECT / "docs" / "README.md").read_text()
    kinds = ("how-to", "reference", "explanation")
    documents = {f"{kind}/{path.name}" for kind in kinds for path in (PROJECT / "docs" / kind).glob("*.md")}
    assert documents - set(links_of(PROJECT / "docs" / "README.md")) == set()
    assert {path.name for path in (PROJECT / "docs").iterdir()} == {*kinds, "decisions", "images", "README.md"}
    assert len(index.splitlines()) < 60


def test_the_table_of_settings_is_that_of_the_program() -> None:
    """Names, defaults and meanings are those of `Settings`; where it fails, it shows the rows to paste."""
    rows = []
    for name, field in Settings.model_fields.items():
        plain = field.default.get_secret_value() if isinstance(field.default, SecretStr) else str(field.default)
        rows.append(f"| `BRT_WATCH_{name.upper()}` | {f'`{plain}`' if plain else 'empty'} | {field.description} |")
    assert "\n".join(rows) in (PROJECT / "docs" / "reference" / "settings.md").read_text(), "\n".join(rows)
