"""Progress bars and colours appear in a terminal and not in a pipe; shells complete commands."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from halls.cli.output import print_table, show_progress
from tests.commands import run_halls

HALLS = Path(sys.executable).with_name("halls")


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


def test_a_terminal_shows_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(show_progress([(1, "a"), (5, "b")], "Checking", 10)) == ["a", "b"]
    assert "Checking" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_pipe_gets_no_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(show_progress([(1, "a")], "Checking", 1)) == ["a"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_off_if_no_color_is_set(monkeypatch: pytest.MonkeyPatch, no_color: str, *, coloured: bool) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(show_progress([(1, "a")], "Checking", 1))
    assert ("\x1b[38;" in terminal.getvalue() or "\x1b[3" in terminal.getvalue()) == coloured


def test_a_table_in_a_pipe_is_plain_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "reason"], [[1, "x" * 400], ["[red]2", "y"]])
    assert capsys.readouterr().out.splitlines()[1:] == [f"1       {'x' * 400}", f"[red]2  y{' ' * 399}"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_completion_script(shell: str) -> None:
    result = run_halls(None, "completion", shell)
    assert result.exit_code == 0
    assert "_HALLS_COMPLETE" in result.stdout


def test_bash_completes_commands_and_options() -> None:
    def complete(words: str, word_index: int) -> list[str]:
        environment = {"_HALLS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(word_index)}
        completed = subprocess.run([HALLS], env=environment, capture_output=True, text=True, check=True)
        return [line.partition(",")[2] for line in completed.stdout.splitlines()]

    assert complete("halls ex", 1) == ["export"]
    assert complete("halls check --j", 2) == ["--json"]
