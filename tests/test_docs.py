"""The README and docs are held to the program: every command and option stands there, and every example runs."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from askpkcn.cli import app, run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands


def examples() -> list[str]:
    """Return the askpkcn lines of the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ askpkcn")]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_stands_in_the_readme(name):
    assert COMMANDS[name].help
    assert f"askpkcn {name}" in README


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_stands_in_the_command_reference(name):
    reference = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^## askpkcn {name}\n(.*?)(?=^## |\Z)", reference, re.DOTALL | re.MULTILINE)
    assert section, name
    documented = set(re.findall(r"`(--[a-z-]+)", section.group(1)))
    assert documented == {option for p in COMMANDS[name].params for option in p.opts if option.startswith("--")}


def test_the_two_commands_stand_at_the_top():
    top = README[:1500]
    assert "make demo" in top
    assert "make test" in top


def test_there_are_examples():
    assert len(examples()) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in examples() if "askpkcn index" not in line])
def test_readme_examples_print_what_the_readme_shows(line, seeds_index, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ASKPKCN_INDEX", str(seeds_index))
    assert run(shlex.split(line)[1:]) in (0, 1)
    printed = volatile(capsys.readouterr().out.strip().replace(str(seeds_index), "index"))
    shown = re.search(re.escape(f"$ {line}\n") + r"(.*?)(?=^\$ |```)", README, re.DOTALL | re.MULTILINE)
    assert shown
    assert volatile(shown.group(1).strip()) == printed


def volatile(text: str) -> str:
    """Blank what differs from run to run: times, snapshot names and dates, and probabilities."""
    text = re.sub(r"\d+ ms \(encode \d+, retrieve \d+, read \d+, decide \d+\)", "T ms", text)
    text = re.sub(r"\d{8}T\d+Z-[0-9a-f]{16}", "SNAPSHOT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+\+00:00", "CREATED", text)
    return re.sub(r"probability \d\.\d\d", "probability P", text)
