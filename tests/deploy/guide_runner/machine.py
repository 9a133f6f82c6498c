"""A clean Debian 12 in a folder, booted with an init, a network and ports of its own. It takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

# What this machine may need to reach its registries, for the new one as well.
REGISTRIES = ("etc/pip.conf", "etc/apt/apt.conf.d/99*", "usr/local/share/ca-certificates/*.crt")
ENVIRONMENT = (
    "HOME=/root",
    "TERM=dumb",
    "LANG=C.UTF-8",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)
# Where slirp4netns answers for names; patiently, since this machine may have much else to do.
NAMES = "nameserver 10.0.2.3\noptions timeout:10 attempts:5\n"
# A program that it takes, and Debian's package of it.
NEEDED = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "slirp4netns": "slirp4netns"}
BOOT_SECONDS = 60
COMMAND_SECONDS = 600


def find_missing() -> list[str]:
    """Return what has to be there first, in words."""
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    return [*(["root"] if os.geteuid() else []), *missing]


class FailedInMachineError(Exception):
    """A command in the machine did not succeed; the message has what it printed."""


class Machine:
    """Debian in a folder, run by systemd-nspawn, with slirp4netns for its network: nothing of it is seen outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder.with_suffix(".log")
        self._running: list[subprocess.Popen[bytes]] = []
        self._init = ""

    def install(self) -> None:
        """Put Debian into the folder, and nothing of ours but the way to the registries."""
        command = ["debootstrap", "--include=dbus", "bookworm", str(self.folder)]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise FailedInMachineError(f"Debian is not installed\n{done.stdout[-2000:]}\n{done.stderr}")
        for pattern in REGISTRIES:
            for file in Path("/").glob(pattern):
                target = self.folder / file.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        (self.folder / "etc" / "resolv.conf").write_text(NAMES)
        (self.folder / "etc" / "hostname").write_text("newcomer\n")

    def boot(self) -> None:
        """Switch it on, and wait until all that starts at boot has started."""
        alone = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]
        options = [
            "--boot",
            "--quiet",
            "--console=pipe",
            "--register=no",
            "--private-network",
            "--resolv-conf=off",
            *alone,
        ]
        nspawn = self._start("systemd-nspawn", *options, "--directory", str(self.folder))
        children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._is_up(children):
            if nspawn.poll() is not None or time.monotonic() > deadline:
                raise FailedInMachineError(f"the machine does not boot\n{self._log.read_text(errors='replace')}")
            time.sleep(0.2)
        self._start("slirp4netns", "--configure", "--disable-host-loopback", self._init, "tap0")
        while "tap0" not in self.run("ip -brief route show default"):
            time.sleep(0.2)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._running.append(started)
        return started

    def _is_up(self, children: Path) -> bool:
        self._init, *_ = [*children.read_text().split(), ""]
        with suppress(FailedInMachineError):
            return bool(self._init) and self.run("systemctl is-system-running || true") in {"running", "degraded"}
        return False

    def shut_down(self) -> None:
        """Switch it off as a power button does. What is in the folder stays."""
        while self._running:
            process = self._running.pop(0)
            process.terminate()
            try:
                process.wait(BOOT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, script: str) -> str:
        """Type `script` into a root shell of its own, which ends at the first fault; return what it printed."""
        inside = ["nsenter", f"--target={self._init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        command = [*inside, "env", "-i", *ENVIRONMENT, "bash", "-euo", "pipefail", "-c", f"cd; {script}"]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
        )
        if done.returncode:
            raise FailedInMachineError(f"exit code {done.returncode} of\n{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout.strip()
