"""Progress bars and colours appear in a terminal and not in a pipe; shells complete commands."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from halls.cli.output import print_table, show_progress
from tests.architecture.source import ROOT

HALLS = Path(sys.executable).with_name("halls")
COMMAND_LINE_PAGE = (ROOT / "docs" / "command-line.md").read_text()


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


def run_bash(script: str) -> str:
    """Return what `script` prints, with the installed `halls` in the PATH."""
    environment = {"PATH": f"{HALLS.parent}:/usr/bin:/bin"}
    command = ["bash", "-euc", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_completion_script(shell: str) -> None:
    command = f"_HALLS_COMPLETE={shell}_source halls"
    assert command in COMMAND_LINE_PAGE
    assert "_halls_completion" in run_bash(command)


@pytest.mark.parametrize(("words", "completed"), [("halls ex", "export"), ("halls check --j", "--json")])
def test_bash_completes_commands_and_options(words: str, completed: str) -> None:
    [line] = re.findall(r"`(.*bash_source.*?)`", COMMAND_LINE_PAGE)
    # What bash does for the Tab key.
    press_tab = f"COMP_WORDS=({words}) COMP_CWORD={words.count(' ')}; _halls_completion halls; echo ${{COMPREPLY[*]}}"
    assert run_bash(f"{line}\n{press_tab}") == f"{completed}\n"
