"""Follows docs/operations.md in a clean Debian as a new reader would: `python -m tests.deploy.newcomer`, as root."""

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
from tests.deploy.guide_runner.machine import NEEDED, FailedInMachineError, Machine, find_missing
from tests.samples import find_samples

HERE = Path(__file__).parent
BLOCKS = find_samples(ROOT / "docs" / "operations.md")["sh"]
READY = '{"ok":true,"data":{"status":"ready"}}'
UP = '{"ok":true,"data":{"status":"up"}}'
WAIT_SECONDS = 30
PASSWORD = "a battery and a staple 9"

# All that is typed otherwise than it stands on the page.
REPLACED = {
    # No server has our source: a bare copy of this checkout's last commit is in the machine.
    "https://git.example/halls.git": "/srv/halls.git",
    # The day of the dump is today.
    "2027-01-05": "$(date +%F)",
}
# In place of the block that installs mongodb-org, from a repository that is not reached everywhere: a mongod from PyPI
# with a unit and settings as that package has them, and mongosh and its tools played by mongodb.py.
MONGODB = r"""
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
# Let's Encrypt does not reach the machine either: Pebble, which is for tests, speaks as it does and asks over port 80.
# certbot's questions (which server, whose e-mail address, the terms) are answered in its own file of settings.
CERTIFICATES = r"""
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
# A new version to upgrade to.
RELEASE = r"""
git clone -q /srv/halls.git /srv/work
cd /srv/work
sed -i 's/^version = ".*"/version = "99.0.0"/' pyproject.toml
git -c user.name=newcomer -c user.email=newcomer@halls.example commit -qam 'Release'
git push -q origin HEAD:main
"""


# Somebody who asks all the while, and what they were answered.
VISITOR = """
systemd-run --unit=visitor bash -c \
    "while :; do curl -so /dev/null -w '%{http_code}\\n' https://halls.example/health >> /srv/answers; sleep 0.05; done"
"""


class GuideRunner:
    """Who types the blocks into a machine, each once, and looks at what comes of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.left = list(BLOCKS)
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Tell how far it is."""
        print(f"{time.monotonic() - self._started:5.0f} s  {text}", flush=True)  # noqa: T201 - a program for people

    def type_block(self, words: str, instead: str | None = None) -> str:
        """Type the one block that holds these words; return what it printed."""
        (block,) = [block for block in self.left if words in block]
        self.left.remove(block)
        self.say(block.strip().splitlines()[0] + (" ... is played" if instead else " ..."))
        text = block if instead is None else instead
        for there, here in REPLACED.items():
            text = text.replace(there, here)
        return self.machine.run(text)

    def ask(self, row: str, body: object = None, token: str = "") -> tuple[int, Any]:
        """Send a request through HTTPS from within; return the status and the data, or the code."""
        method, path = row.split(" ")
        write = f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
        authorized = f"-H 'Authorization: Bearer {token}'" if token else ""
        answer = self.machine.run(
            f"curl -sS -X {method} {write} {authorized} -w '\n%{{http_code}}' https://halls.example{path}"
        )
        text, _, status = answer.rpartition("\n")
        said = json.loads(text)
        return int(status), said["data"] if said["ok"] else said["code"]

    def sign_up(self, email: str) -> str:
        """Return the token of a new owner."""
        status, data = self.ask("POST /auth/signup", {"email": email, "password": PASSWORD, "is_venue_owner": True})
        assert status == 201, (status, data)
        return str(data["token"])

    def can_log_in(self, email: str) -> bool:
        """Tell whether the database knows that account."""
        return self.ask("POST /auth/login", {"email": email, "password": PASSWORD})[0] == 200

    def is_known(self, token: str) -> bool:
        """Tell whether a token is good."""
        return self.ask("GET /auth/me", token=token)[0] == 200

    def await_ready(self) -> None:
        """Wait for a server that was just started."""
        ask = f"curl -sS --retry {WAIT_SECONDS} --retry-delay 1 --retry-all-errors http://127.0.0.1:5000/health/ready"
        assert self.machine.run(f"{ask} 2>/dev/null") == READY


def follow_to_https(reader: GuideRunner) -> None:
    """From a bare Debian to the first answer through HTTPS."""
    reader.type_block("apt-get install -y git")
    reader.type_block("apt-get install -y mongodb-org", MONGODB)
    reader.type_block("rs.initiate()")
    reader.type_block("git clone")
    reader.type_block("halls.env <<END")
    assert reader.type_block("systemctl enable --now halls.socket").endswith(READY)
    reader.machine.run(CERTIFICATES)
    assert reader.type_block("certbot certonly").endswith(UP)


def use(reader: GuideRunner) -> str:
    """Sign up and upload; return the token."""
    reader.say("signs up and uploads")
    token = reader.sign_up("first@halls.example")
    wish = {"filename": "a.png", "content_type": "image/png", "size_bytes": 12}
    status, signed = reader.ask("POST /uploads/sign-s3", wish, token)
    assert status == 200, signed
    png = r"printf '\211PNG\r\n\032\n1234'"
    reader.machine.run(
        f"{png} | curl -fsS -X PUT -H 'Content-Type: image/png' --data-binary @- '{signed['upload_url']}'"
    )
    reader.machine.run(f"cmp <(curl -fsS '{signed['public_url']}') <({png})")
    return token


def renew_certificate(reader: GuideRunner) -> None:
    """As certbot's timer does, but that this certificate is not near its end."""
    reader.say("renews the certificate")
    before = reader.machine.run("systemctl is-enabled certbot.timer; systemctl show -P MainPID nginx")
    reader.machine.run("certbot renew --dry-run --no-random-sleep-on-renew")
    assert before == reader.machine.run("systemctl is-enabled certbot.timer; systemctl show -P MainPID nginx")


def mend_settings(reader: GuideRunner) -> None:
    """Start with settings that are refused, and mend them a while later."""
    reader.say("starts with bad settings, and mends them")
    reader.machine.run("cd /etc/halls; cp -p halls.env good; sed -i 's/^JWT_SECRET=.*/JWT_SECRET=weak/' halls.env")
    reader.machine.run("systemctl restart halls halls-worker; sleep 12")
    assert "JWT_SECRET" in reader.machine.run("journalctl -u halls -n 50")
    # Neither has been given up.
    assert "failed" not in reader.machine.run("systemctl is-failed halls halls.socket || true").split()
    reader.machine.run("cd /etc/halls; mv good halls.env; systemctl restart halls halls-worker")
    reader.await_ready()


def follow_backup(reader: GuideRunner) -> None:
    """What came after the dump is gone, and what was there before is there again."""
    reader.type_block("mongodump")
    reader.sign_up("second@halls.example")
    printed = reader.type_block("mongorestore")
    assert "no broken promises" in printed, printed
    reader.await_ready()
    assert reader.can_log_in("first@halls.example")
    assert not reader.can_log_in("second@halls.example")
    modes = reader.machine.run("stat -c %a /var/backups/halls /etc/halls/halls.env /var/lib/halls")
    assert modes.split() == ["700", "600", "700"]


def follow_rotation(reader: GuideRunner, old: str) -> None:
    """Nobody is logged out until the old key is taken out."""
    reader.type_block("JWT_OLD_SECRETS=\\1")
    reader.await_ready()
    new = reader.sign_up("third@halls.example")
    assert (reader.is_known(old), reader.is_known(new)) == (True, True)
    reader.type_block("/^JWT_OLD_SECRETS=/d")
    reader.await_ready()
    assert (reader.is_known(old), reader.is_known(new)) == (False, True)
    assert reader.machine.run("stat -c '%a %U' /etc/halls/halls.env") == "600 root"


def follow_upgrade(reader: GuideRunner) -> None:
    """The new version runs, here and after a boot, and nobody was turned away meanwhile."""
    reader.machine.run(RELEASE + VISITOR)
    reader.type_block("git pull")
    reader.await_ready()
    answers = reader.machine.run("systemctl stop visitor; sort /srv/answers | uniq -c").split()
    assert (answers[1:], int(answers[0]) > 20) == (["200"], True), answers
    assert "99.0.0" in reader.machine.run("halls --version")
    reader.type_block("/etc/cron.d/halls")
    nightly = reader.machine.run("cut -d' ' -f7- /etc/cron.d/halls")
    assert "no broken promises" in reader.machine.run(f"env -i PATH=/usr/bin:/bin sh -c '{nightly}'")
    reader.say("switches the machine off and on")
    reader.machine.shut_down()
    reader.machine.boot()
    reader.await_ready()
    assert reader.ask("GET /health") == (200, {"status": "up"})
    assert reader.can_log_in("first@halls.example")
    assert reader.machine.run("systemctl --failed --quiet") == ""


def copy_source(folder: Path) -> None:
    """Put what is committed here on the main branch of a repository that can be cloned."""
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder], check=True)
    subprocess.run(["git", "-C", folder, "update-ref", "refs/heads/main", "HEAD"], check=True)
    subprocess.run(["git", "-C", folder, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)


def main() -> int:
    """Return 0 if every block of the page does what the page says."""
    # Or whoever ends this would leave the machine running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if missing := find_missing():
        print(f"It takes {', '.join(missing)}. On Debian and Ubuntu: apt-get install {' '.join(NEEDED.values())}")  # noqa: T201 - a program for people
        return 2
    with tempfile.TemporaryDirectory(prefix="halls-newcomer-") as place:
        machine = Machine(Path(place) / "debian")
        reader = GuideRunner(machine)
        try:
            reader.say("installs Debian")
            machine.install()
            shutil.copy(embedded._find_mongod(), machine.folder / "usr" / "bin" / "mongod")  # noqa: SLF001 - the one that comes along
            shutil.copy(HERE / "mongodb.py", machine.folder / "srv")
            copy_source(machine.folder / "srv" / "halls.git")
            machine.boot()
            follow_to_https(reader)
            token = use(reader)
            renew_certificate(reader)
            mend_settings(reader)
            follow_backup(reader)
            follow_rotation(reader, token)
            follow_upgrade(reader)
            assert not reader.left, ["nobody typed", *reader.left]
        except FailedInMachineError as error:
            reader.say(f"got stuck: {error}")
            return 1
        finally:
            machine.shut_down()
        reader.say("followed the guide to its end")
        return 0


if __name__ == "__main__":
    sys.exit(main())
