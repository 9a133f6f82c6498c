"""Invariants of the stored data: violations, and the queries and rules that find them."""

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
    """A violated invariant, and the ids of the documents that violate it together."""

    invariant: str
    documents: Sequence[str]
    message: str


# A function of the database and the date of today in Karachi that yields the violations of an invariant.
Invariant = Callable[["Db", str], Iterator[Violation]]


def check_collection(db: Db, spec: CollectionSpec) -> Iterator[Violation]:
    """Yield a violation for each index and validator that is missing or has another definition."""
    stored = list(db[spec.name].list_indexes())
    for expected in (index.document for index in spec.indexes):
        # Compared without the name: an external writer may have chosen its own name.
        if not any(is_same_index(expected, index) for index in stored):
            has_name = any(index["name"] == expected["name"] for index in stored)
            message = "The index has another definition." if has_name else "The index is missing."
            yield Violation(f"{spec.name}.{expected['name']}", (), message)
    options: Document = next((row["options"] for row in db.list_collections(filter={"name": spec.name})), {})
    is_enforced = options.get("validationAction", "error") == "error" and options.get("validationLevel") != "off"
    if spec.validator is not None and not (is_enforced and options.get("validator") == spec.validator):
        yield Violation(f"{spec.name}.validator", (), "The validator is missing, off or another one.")


def make_violations(invariant: str, message: str, groups: Iterable[Sequence[str]]) -> Iterator[Violation]:
    """Yield each group of ids as a violation of `invariant`."""
    return (Violation(invariant, group, message) for group in groups)


def find_groups(db: Db, collection: str, pipeline: Sequence[Document]) -> Iterator[list[str]]:
    """Yield the `ids` of each row of the pipeline, read from one snapshot because others may write meanwhile."""
    snapshot = db.get_collection(collection, read_concern=ReadConcern("snapshot"))
    for row in snapshot.aggregate(pipeline, allowDiskUse=True):
        yield [str(document_id) for document_id in row["ids"]]


def find_violating(db: Db, collection: str, rule: Expression) -> Iterator[list[str]]:
    """Yield the id of each document for which `rule` is not true."""
    return find_groups(db, collection, [{"$match": {"$expr": {"$not": [rule]}}}, {"$project": {"ids": ["$_id"]}}])


def find_orphans(db: Db, collection: str, field: str, parents: str, match: Document) -> Iterator[list[str]]:
    """Yield the ids of matching documents whose `field` is not an id in `parents`, one list for each missing id."""
    only_id = [{"$project": {"_id": 1}}]
    join = {"from": parents, "localField": "_id", "foreignField": "_id", "pipeline": only_id, "as": "found"}
    grouped = {"_id": f"${field}", "ids": {"$push": "$_id"}}
    pipeline = [{"$match": match}, {"$group": grouped}, {"$lookup": join}, {"$match": {"found": []}}]
    return find_groups(db, collection, pipeline)


def number_rule(value: str | Expression, low: float, high: float = float("inf")) -> Expression:
    """Return the rule that `value` is a number from `low` to `high`."""
    return {"$and": [{"$isNumber": value}, {"$gte": [value, low]}, {"$lte": [value, high]}]}


def null_rule(value: str) -> Expression:
    """Return the rule that `value` is null or missing."""
    return {"$lte": [value, None]}


def list_rule(value: str, rule: Expression) -> Expression:
    """Return the rule that `value` is an array and that `rule` is true for each item (`$$this`)."""
    items = {"$cond": [{"$isArray": [value]}, value, []]}
    return {"$and": [{"$isArray": [value]}, {"$allElementsTrue": [{"$map": {"input": items, "in": rule}}]}]}
