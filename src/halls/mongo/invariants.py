"""Promises on the stored data: what breaks one, and how the database is asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo.read_concern import ReadConcern

from halls.mongo.indexes import is_same_index

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from halls.mongo.indexes import CollectionSpec

Expression = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """A promise that is broken, and the ids of the documents that break it together."""

    invariant: str
    documents: Sequence[str]
    message: str


# Yields what breaks a promise, given the database and today in Karachi.
Invariant = Callable[["Db", str], Iterator[Violation]]


def check_collection(db: Db, plan: CollectionSpec) -> Iterator[Violation]:
    """Every index of the plan, and its validator, is there as defined."""
    found = list(db[plan.name].list_indexes())
    for wanted in (index.document for index in plan.indexes):
        # Another tool may have made it under a name of its own.
        if not any(is_same_index(wanted, index) for index in found):
            known = any(index["name"] == wanted["name"] for index in found)
            message = "The index has another definition." if known else "The index is missing."
            yield Violation(f"{plan.name}.{wanted['name']}", (), message)
    options: Document = next((row["options"] for row in db.list_collections(filter={"name": plan.name})), {})
    refuses = options.get("validationAction", "error") == "error" and options.get("validationLevel") != "off"
    if plan.validator is not None and not (refuses and options.get("validator") == plan.validator):
        yield Violation(f"{plan.name}.validator", (), "The validator is missing, off or another one.")


def make_violations(invariant: str, message: str, groups: Iterable[Sequence[str]]) -> Iterator[Violation]:
    """Yield each group of ids as a violation of `promise`."""
    return (Violation(invariant, group, message) for group in groups)


def find_groups(db: Db, collection: str, pipeline: Sequence[Document]) -> Iterator[list[str]]:
    """Yield the `ids` of each row of the pipeline, read as of one instant: others may write meanwhile."""
    snapshot = db.get_collection(collection, read_concern=ReadConcern("snapshot"))
    for row in snapshot.aggregate(pipeline, allowDiskUse=True):
        yield [str(found) for found in row["ids"]]


def find_violating(db: Db, collection: str, rule: Expression) -> Iterator[list[str]]:
    """Yield the id of each document for which `rule` is not true."""
    return find_groups(db, collection, [{"$match": {"$expr": {"$not": [rule]}}}, {"$project": {"ids": ["$_id"]}}])


def find_orphans(db: Db, collection: str, field: str, parents: str, match: Document) -> Iterator[list[str]]:
    """Yield the ids of matching documents whose `field` is the id of none of the `parents`, a list for each id."""
    only_id = [{"$project": {"_id": 1}}]
    join = {"from": parents, "localField": "_id", "foreignField": "_id", "pipeline": only_id, "as": "found"}
    grouped = {"_id": f"${field}", "ids": {"$push": "$_id"}}
    pipeline = [{"$match": match}, {"$group": grouped}, {"$lookup": join}, {"$match": {"found": []}}]
    return find_groups(db, collection, pipeline)


def number_rule(value: str | Expression, low: float, high: float = float("inf")) -> Expression:
    """Return the rule that `value` is a number in that range."""
    return {"$and": [{"$isNumber": value}, {"$gte": [value, low]}, {"$lte": [value, high]}]}


def null_rule(value: str) -> Expression:
    """Return the rule that `value` is null or not there at all."""
    return {"$lte": [value, None]}


def list_rule(value: str, rule: Expression) -> Expression:
    """Return the rule that `value` is an array and that `rule` is true of each `$$this` in it."""
    items = {"$cond": [{"$isArray": [value]}, value, []]}
    return {"$and": [{"$isArray": [value]}, {"$allElementsTrue": [{"$map": {"input": items, "in": rule}}]}]}
