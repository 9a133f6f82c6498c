"""Replaces mongosh, mongodump and mongorestore where MongoDB's package repository is not reachable.

Each accepts exactly the arguments of docs/operations.md. It runs in the new machine, on Debian's pymongo.

"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from pathlib import Path

import bson
from pymongo import MongoClient

LOCAL = "mongodb://127.0.0.1:27017"
SKIPPED_DATABASES = {"local", "config", "admin"}


def run_shell(command: str, address: str = LOCAL) -> None:
    """Do what `mongosh --eval` does for the two supported commands."""
    client: MongoClient[dict[str, object]] = MongoClient(f"{address}/?directConnection=true")
    admin = client.admin
    if command == "rs.initiate()":
        print(admin.command("replSetInitiate", {}))  # noqa: T201 - its output
    elif command == "quit(db.hello().isWritablePrimary ? 0 : 1)":
        sys.exit(0 if admin.command("hello")["isWritablePrimary"] else 1)
    else:
        sys.exit(f"unsupported command: {command}")


def run_script(script: str, address: str = LOCAL) -> None:
    """Do what `mongosh admin` does for the lines that create users. Their arguments are JSON."""
    client: MongoClient[dict[str, object]] = MongoClient(f"{address}/?directConnection=true")
    for line in script.splitlines():
        match = re.fullmatch(r'db(?:\.getSiblingDB\("(\w+)"\))?\.(\w+)\((.*)\)', line)
        if not match:
            sys.exit(f"unsupported command: {line}")
        arguments = json.loads(f"[{match[3]}]")
        database = client[match[1] or "admin"]
        if match[2] == "auth":
            client.close()
            client = MongoClient(f"{address}/?directConnection=true", username=arguments[0], password=arguments[1])
        elif match[2] == "grantRolesToUser":
            database.command("grantRolesToUser", arguments[0], roles=arguments[1])
        else:
            kind = match[2].removeprefix("create").lower()
            database.command(match[2], arguments[0].pop(kind), **arguments[0])
    client.close()


def dump(client: MongoClient[dict[str, object]], archive: Path) -> None:
    """Write each collection as one BSON document."""
    with gzip.open(archive, "wb") as file:
        for name in sorted(set(client.list_database_names()) - SKIPPED_DATABASES):
            for collection in client[name].list_collection_names():
                content = {
                    "database": name,
                    "collection": collection,
                    "documents": list(client[name][collection].find()),
                }
                file.write(bson.encode(content))


def restore(client: MongoClient[dict[str, object]], archive: Path) -> None:
    """Replace each collection by the one of the archive."""
    for content in bson.decode_all(gzip.decompress(archive.read_bytes())):
        collection = client[content["database"]][content["collection"]]
        collection.drop()
        if content["documents"]:
            collection.insert_many(content["documents"])


def main(name: str, arguments: list[str]) -> None:
    """Parse the arguments as the program `name` does, and run it."""
    parser = argparse.ArgumentParser(name, allow_abbrev=False)
    if name == "mongosh" and arguments == ["--quiet", "admin"]:
        run_script(sys.stdin.read())
        return
    if name == "mongosh":
        parser.add_argument("--quiet", action="store_true")
        parser.add_argument("--eval", required=True)
        run_shell(parser.parse_args(arguments).eval)
        return
    for option in ("--config", "--archive"):
        parser.add_argument(option, required=True)
    for option in ("--gzip", *(["--oplog"] if name == "mongodump" else ["--oplogReplay", "--drop"])):
        parser.add_argument(option, action="store_true", required=True)
    options = parser.parse_args(arguments)
    client: MongoClient[dict[str, object]] = MongoClient(Path(options.config).read_text().removeprefix("uri: ").strip())
    if client.get_default_database(default="none").name != "none":
        sys.exit("--oplog dumps the whole replica set: remove the database name from the URI")
    (dump if name == "mongodump" else restore)(client, Path(options.archive))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
