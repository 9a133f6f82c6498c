"""Stands in for mongosh, mongodump and mongorestore, where their maker's repository can't be reached.

Each takes what docs/operations.md types and no more. It runs in the new machine, on Debian's pymongo.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

import bson
from pymongo import MongoClient

LOCAL = "mongodb://127.0.0.1:27017"
NOT_DUMPED = {"local", "config", "admin"}


def run_shell(command: str) -> None:
    """Do what `mongosh --eval` does with the only thing that is asked of it."""
    if command != "rs.initiate()":
        sys.exit(f"not known here: {command}")
    print(MongoClient(f"{LOCAL}/?directConnection=true").admin.command("replSetInitiate", {}))  # noqa: T201 - its answer


def dump(client: MongoClient[dict[str, object]], archive: Path) -> None:
    """Write each collection as one document."""
    with gzip.open(archive, "wb") as file:
        for name in sorted(set(client.list_database_names()) - NOT_DUMPED):
            for collection in client[name].list_collection_names():
                content = {
                    "database": name,
                    "collection": collection,
                    "documents": list(client[name][collection].find()),
                }
                file.write(bson.encode(content))


def restore(client: MongoClient[dict[str, object]], archive: Path) -> None:
    """Put each collection in the place of what is there."""
    for content in bson.decode_all(gzip.decompress(archive.read_bytes())):
        collection = client[content["database"]][content["collection"]]
        collection.drop()
        if content["documents"]:
            collection.insert_many(content["documents"])


def main(name: str, arguments: list[str]) -> None:
    """Read the arguments as the program of that name does."""
    parser = argparse.ArgumentParser(name, allow_abbrev=False)
    if name == "mongosh":
        parser.add_argument("--eval", required=True)
        run_shell(parser.parse_args(arguments).eval)
        return
    for option in ("--uri", "--archive"):
        parser.add_argument(option, required=True)
    for option in ("--gzip", *(["--oplog"] if name == "mongodump" else ["--oplogReplay", "--drop"])):
        parser.add_argument(option, action="store_true", required=True)
    given = parser.parse_args(arguments)
    client: MongoClient[dict[str, object]] = MongoClient(given.uri)
    if client.get_default_database(default="none").name != "none":
        sys.exit("--oplog is for the whole set: the address must name no database")
    (dump if name == "mongodump" else restore)(client, Path(given.archive))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
