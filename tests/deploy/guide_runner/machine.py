"""A clean Debian 12 in a folder, booted with its own init, network and ports. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

# The new machine also needs this machine's settings for package registries.
REGISTRIES = ("etc/pip.conf", "etc/apt/apt.conf.d/99*", "usr/local/share/ca-certificates/*.crt")
ENVIRONMENT = (
    "HOME=/root",
    "TERM=dumb",
    "LANG=C.UTF-8",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)
# slirp4netns resolves names at this address; the long timeout is for a busy machine.
RESOLV_CONF = "nameserver 10.0.2.3\noptions timeout:10 attempts:5\n"
# The programs that this module runs, and their Debian packages.
REQUIRED = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "slirp4netns": "slirp4netns"}
BOOT_SECONDS = 60
COMMAND_SECONDS = 600


def find_missing() -> list[str]:
    """Return the missing requirements: "root" and package names."""
    missing = [package for program, package in REQUIRED.items() if not shutil.which(program)]
    return [*(["root"] if os.geteuid() else []), *missing]


class FailedInMachineError(Exception):
    """A command in the machine failed; the message contains its output."""


class Machine:
    """Debian in a folder, run by systemd-nspawn, with an isolated network through slirp4netns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder.with_suffix(".log")
        self._running: list[subprocess.Popen[bytes]] = []
        self._init = ""

    def install(self) -> None:
        """Install Debian into the folder; add only the settings for package registries."""
        command = ["debootstrap", "--include=dbus", "bookworm", str(self.folder)]
        completed = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if completed.returncode:
            raise FailedInMachineError(f"debootstrap failed\n{completed.stdout[-2000:]}\n{completed.stderr}")
        for pattern in REGISTRIES:
            for file in Path("/").glob(pattern):
                target = self.folder / file.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        (self.folder / "etc" / "resolv.conf").write_text(RESOLV_CONF)
        (self.folder / "etc" / "hostname").write_text("guide\n")

    def boot(self) -> None:
        """Boot the machine and wait until systemd has started all units."""
        unit_options = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]
        options = [
            "--boot",
            "--quiet",
            "--console=pipe",
            "--register=no",
            "--private-network",
            "--resolv-conf=off",
            *unit_options,
        ]
        nspawn = self._start("systemd-nspawn", *options, "--directory", str(self.folder))
        children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._is_up(children):
            if nspawn.poll() is not None or time.monotonic() > deadline:
                raise FailedInMachineError(f"the machine did not boot\n{self._log.read_text(errors='replace')}")
            time.sleep(0.2)
        self._start("slirp4netns", "--configure", "--disable-host-loopback", self._init, "tap0")
        while "tap0" not in self.run("ip -brief route show default"):
            time.sleep(0.2)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def _is_up(self, children: Path) -> bool:
        self._init, *_ = [*children.read_text().split(), ""]
        with suppress(FailedInMachineError):
            return bool(self._init) and self.run("systemctl is-system-running || true") in {"running", "degraded"}
        return False

    def shut_down(self) -> None:
        """Shut down as the power button does. The files in the folder stay."""
        while self._running:
            process = self._running.pop(0)
            process.terminate()
            try:
                process.wait(BOOT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, script: str) -> str:
        """Run `script` in a root shell that stops at the first error; return its output."""
        inside = ["nsenter", f"--target={self._init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        command = [*inside, "env", "-i", *ENVIRONMENT, "bash", "-euo", "pipefail", "-c", f"cd; {script}"]
        completed = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
        )
        if completed.returncode:
            raise FailedInMachineError(
                f"exit code {completed.returncode} of\n{script}\n{completed.stdout}\n{completed.stderr}"
            )
        return completed.stdout.strip()
