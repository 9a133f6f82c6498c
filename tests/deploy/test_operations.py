"""Commands and files of docs/operations.md, as far as they run without a machine of their own.

`make try-guide` runs all of them in a machine.

"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from halls.bookings.store import COLLECTION
from halls.config import Config
from halls.mongo import embedded
from halls.mongo.client import connect
from halls.setting_types import MIN_SECRET_BYTES
from tests.architecture.source import ROOT
from tests.commands import run_halls
from tests.deploy.guide_runner.mongodb import run_script
from tests.deploy.site import running_site
from tests.factories import day, upload_body
from tests.hostile.raw_http import SERVER_NAME
from tests.processes import running_process
from tests.samples import find_samples
from tests.servers import free_port, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = ROOT / "docs" / "operations.md"
TEXT = PAGE.read_text()
SAMPLES = find_samples(PAGE)
SITE = ROOT / "deploy" / "nginx" / "halls.conf"
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
# Runs until it is stopped; other tests cover it.
LONG_RUNNING = {"halls worker"}
# tests/mail/test_trial.py runs it with a mail server.
NEEDS_MAIL_SERVER = {"halls mail --test you@halls.example"}


def find_block(language: str, words: str) -> str:
    """Return the only block that contains `words`."""
    (block,) = [block for block in SAMPLES[language] if words in block]
    return block


def run_shell(script: str, *options: str) -> str:
    """Run a script in bash; return its output."""
    return subprocess.run(["bash", "-eu", *options], input=script, capture_output=True, text=True, check=True).stdout


def test_every_block_has_a_language_with_tests() -> None:
    assert SAMPLES.keys() == {"sh", "js", "nginx"}
    assert len(SAMPLES["js"]) == len(SAMPLES["nginx"]) == 1


def test_the_security_log_is_kept_for_30_days() -> None:
    lines = {line.strip() for line in find_block("sh", "logrotate.d/halls-security").splitlines()}
    assert lines >= {"daily", "rotate 30", "maxage 30"}


def replace_locations(site: str) -> str:
    """Return the site with the locations of the page: the first word and the last line of each are replaced."""
    for path, action in re.findall(r"^location (.*) \{ (.*;) \}$", SAMPLES["nginx"][0], re.MULTILINE):
        location = re.escape(path.replace("/api", "", 1))
        old = rf"location {location} \{{\n([^}}]*?)[^\n]*(http://halls|404);\n"
        site, count = re.subn(old, rf"location {path} {{\n\1{action}\n", site)
        assert count == 1, path
    return site


def test_halls_can_be_served_below_a_path(fresh_uri: str, tmp_path: Path) -> None:
    own_url = f"https://{SERVER_NAME}/api"
    settings = {"TRUSTED_PROXIES": "1", "PUBLIC_URL": own_url}
    with (
        running_server(mongo_uri=fresh_uri, folder=tmp_path / "app", **settings) as server,
        running_site(server, tmp_path / "nginx", edit=replace_locations) as site,
    ):
        document = json.loads(site.ask("GET /api/openapi.json").body)
        statuses = [site.ask(f"GET {path}").status for path in ("/api/health", "/api/metrics", "/health")]
        owner = server.api.owner()
        signed = server.api.post("/uploads/sign-s3", upload_body(), token=owner).data
        path = signed["upload_url"].removeprefix(f"https://{SERVER_NAME}")
        upload = site.ask(f"PUT {path}", b"x" * 1_000, Content_Type="image/jpeg")
    assert [each["url"] for each in document["servers"]] == ["/api"]
    assert statuses == [200, 404, 404]
    assert path.startswith("/api/uploads/local/")
    # The application reads the file: it is not a JPEG.
    assert (upload.status, json.loads(upload.body)["code"]) == (415, "not_json")


@pytest.mark.parametrize("block", SAMPLES["sh"])
def test_every_shell_block_is_valid_bash(block: str) -> None:
    run_shell(block, "-n")


@pytest.mark.parametrize("block", SAMPLES["sh"])
def test_every_checkout_file_that_a_block_names_exists(block: str) -> None:
    paths = re.findall(r"(?:^|\s|/opt/halls/src/)((?:deploy/|requirements)[\w./-]*)", block)
    assert all((ROOT / name).exists() for name in paths), paths


def test_mongod_starts_as_a_replica_set_with_a_short_transaction_lifetime(tmp_path: Path) -> None:
    with running_mongod(tmp_path) as port:
        run_script(user_script(tmp_path), f"mongodb://127.0.0.1:{port}")
        uri = (tmp_path / "halls" / "backup.yaml").read_text().removeprefix("uri: ").replace("27017", str(port))
        with MongoClient[dict[str, Any]](uri.strip()) as client:
            parameter = client.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
            assert parameter["transactionLifetimeLimitSeconds"] == 5
            # Both are needed for a restore with --oplogReplay.
            assert client.admin.command("applyOps", [])["ok"]
    assert (tmp_path / "halls" / "backup.yaml").stat().st_mode & 0o077 == 0
    assert (tmp_path / "mongod.key").stat().st_mode & 0o777 == 0o400


@contextmanager
def running_mongod(folder: Path) -> Iterator[int]:
    """Run a primary with the configuration of the page, on the yielded port."""
    config_commands, _, start_commands = find_block("sh", "mongod.conf").partition("systemctl")
    assert "mongosh --eval 'rs.initiate()'" in start_commands
    own = config_commands.replace("/etc", str(folder)).replace("chown mongodb:mongodb", "true")
    run_shell(own)
    port = free_port()
    options = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    command = [embedded._find_mongod(), "--config", str(folder / "mongod.conf"), *options]  # noqa: SLF001 - the packaged one
    with (
        running_process(command, folder / "log"),
        closing(MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True)) as client,
    ):
        # rs.initiate() sends the same with the hostname of the machine.
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        assert client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})["ok"]
        wait_until(lambda: _is_primary(client))
        yield port


def user_script(folder: Path) -> str:
    """Write the passwords into `folder`; return the script that mongosh gets."""
    files, _, script = find_block("sh", "createUser").partition("until ")
    script = script.partition("\n")[2].replace("mongosh --quiet admin", "cat")
    return run_shell((files + script).replace("/etc/halls", str(folder / "halls")))


def test_halls_runs_with_the_user_of_the_page_and_nothing_without_a_login(tmp_path: Path) -> None:
    with running_mongod(tmp_path) as port:
        run_script(user_script(tmp_path), f"mongodb://127.0.0.1:{port}")
        (setting,) = re.findall(r"^MONGO_URI=(.*)$", find_block("sh", "halls.env <<END"), re.MULTILINE)
        uri = run_shell(f'echo "{setting}"'.replace("/etc/halls", str(tmp_path / "halls"))).strip()
        uri = uri.replace("27017", str(port))
        with running_server(mongo_uri=uri, folder=tmp_path / "app") as server:
            server.api.wait_until_ready()
            owner = server.api.owner()
            assert server.api.list_venue(owner)
        for command in ("indexes", "reindex", "check"):
            completed = run_halls(uri, command)
            assert completed.exit_code == 0, completed.output
        for address in (f"mongodb://127.0.0.1:{port}/halls?directConnection=true", uri):
            with MongoClient[dict[str, Any]](address) as client, pytest.raises(OperationFailure):
                client.other.users.find_one()


def test_the_commands_of_the_compose_file_protect_the_nodes(tmp_path: Path) -> None:
    mongo = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["mongo1"]
    port, mongod = free_port(), embedded._find_mongod()  # noqa: SLF001 - the packaged one
    files = f"--dbpath {tmp_path} --logpath {tmp_path}/log --pidfilepath {tmp_path}/pid"
    replacements = {
        "$$": "$",
        "/tmp/key": str(tmp_path / "key"),  # noqa: S108 - in the container
        # The account of the image, and its entrypoint, which starts mongod.
        "chown mongodb": "true",
        "exec docker-entrypoint.sh mongod": f"{mongod} --fork --nounixsocket --port {port} {files}",
        "--bind_ip_all": "--bind_ip 127.0.0.1",
    }
    start = f"export REPLICA_SET_KEY={'a1' * 24}\n{mongo['command'][-1]}"
    for original, replacement in replacements.items():
        assert original in start
        start = start.replace(original, replacement)
    run_shell(start)
    try:
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
        with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            wait_until(lambda: _is_primary(client))
            with pytest.raises(OperationFailure):
                client.halls.users.find_one()
            # As the health check of the first node does.
            client.admin.command("createUser", "operator", pwd="o", roles=["root"])
            with pytest.raises(OperationFailure):
                client.admin.command("createUser", "intruder", pwd="i", roles=["root"])
        uri = f"mongodb://operator:o@127.0.0.1:{port}/?directConnection=true"
        with MongoClient[dict[str, Any]](uri) as operator:
            operator.halls.command("createUser", "halls", pwd="h", roles=["readWrite"])
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    script = mongo["healthcheck"]["test"][-1]
    for call in (
        'createUser({ user: "operator", pwd: OPERATOR_PASSWORD, roles: ["root"] })',
        'roles: ["readWrite"] })',
    ):
        assert call in script


def test_the_settings_of_the_page_contain_no_database_without_a_login() -> None:
    uris = re.findall(r"mongodb(?:\+srv)?://[^`\"\n]+", TEXT)
    assert uris
    assert all("@" in uri for uri in uris), uris


def _is_primary(client: MongoClient[dict[str, Any]]) -> bool:
    with suppress(PyMongoError):
        return bool(client.admin.command("hello")["isWritablePrimary"])
    return False


def test_the_settings_file_is_private_and_valid_in_production(tmp_path: Path) -> None:
    folder = tmp_path / "halls"
    user_script(tmp_path)
    run_shell(find_block("sh", "halls.env <<END").replace("/etc/halls", str(folder)))
    env_file = folder / "halls.env"
    assert env_file.stat().st_mode & 0o077 == 0
    config = Config(_env_file=env_file)  # type: ignore[call-arg] # pydantic-settings adds it
    lines = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    assert config.halls_env == "production"
    assert len(config.secret) >= MIN_SECRET_BYTES
    # A URL without a path is read with a slash at its end.
    assert {name: str(getattr(config, name.lower())).rstrip("/") for name in lines} == lines


def test_systemd_accepts_the_units_and_the_page_starts_each(tmp_path: Path) -> None:
    # Step 2 installs the program there; it is not on this machine.
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/halls/.venv/bin/halls", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    start_commands = find_block("sh", "systemctl enable --now halls.socket").split("--now ")[1].splitlines()[0]
    assert set(start_commands.split()) == {unit.name for unit in UNITS}


def test_one_command_replaces_the_name_everywhere_in_the_site() -> None:
    (line,) = [line for line in find_block("sh", "certbot certonly").splitlines() if line.startswith("sed ")]
    command = line.partition(" > ")[0].replace("/opt/halls/src", str(ROOT))
    assert run_shell(command) == SITE.read_text()
    # The page asks the reader to replace the name everywhere.
    site = run_shell(command.replace("halls.example", "your.name"))
    assert "halls.example" not in site
    assert site.replace("your.name", "halls.example") == SITE.read_text()


def test_the_option_for_subdomains_changes_the_header(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(sed -i 's/max-age.*?)`", TEXT)
    copy = tmp_path / "halls"
    copy.write_text(SITE.read_text())
    run_shell(command.replace("/etc/nginx/sites-available/halls", str(copy)))
    assert 'Strict-Transport-Security "max-age=31536000; includeSubDomains" always;' in copy.read_text()


def test_a_ready_server_responds_as_the_page_says(mongo_uri: str, tmp_path: Path) -> None:
    assert "curl http://127.0.0.1:5000/health/ready" in find_block("sh", "systemctl enable --now halls.socket")
    with running_server(mongo_uri=mongo_uri, folder=tmp_path) as server:
        server.api.wait_until_ready()
        assert f"`{server.api.get('/health/ready').text.strip()}` means" in TEXT


def fill_in(command: str, uri: str) -> list[str]:
    """Return the arguments of a command, with records of the demonstration data in place of ID and EMAIL."""
    with closing(connect(uri).client) as client:
        db = client.get_default_database()
        collection, match = (db.venues, {}) if "venue" in command else (db.bookings, {"date": {"$gte": day(0)}})
        record = collection.find_one({**match, "status": {"$ne": "cancelled"}})
    assert record is not None
    values = {"ID": str(record["_id"]), "EMAIL": "guest1@halls.example"}
    # Without a terminal, a command that can't be undone needs --yes.
    agreed = ["--yes"] if re.search("booking cancel|--cancel-requests", command) else []
    return [*(values.get(word, word) for word in command.split()[1:]), *agreed]


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"`(halls [a-z][^`]*)`", TEXT)) - LONG_RUNNING - NEEDS_MAIL_SERVER)
)
def test_every_command_of_halls_on_the_page_runs(command: str, fresh_uri: str) -> None:
    assert run_halls(fresh_uri, "demo").exit_code == 0
    completed = run_halls(fresh_uri, *fill_in(command, fresh_uri))
    assert completed.exit_code == 0, completed.output


def test_the_shard_key_of_bookings_begins_the_unique_index() -> None:
    (key,) = re.findall(r'"halls\.bookings", \{ (.*?) \}', SAMPLES["js"][0])
    (index,) = [
        index.document for index in COLLECTION.indexes if index.document["name"] == "one_active_booking_per_date"
    ]
    assert [name.strip() for name in re.findall(r"(\w+): 1", key)] == list(index["key"])
