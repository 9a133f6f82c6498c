"""Invariants of the stored data: violations, and the queries and models that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from bson import Decimal128
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pymongo.read_concern import ReadConcern

from halls.mongo.indexes import is_same_index

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from halls.mongo.indexes import CollectionSpec

# A batch of venues with 1 000 dates and prices each takes about 50 MB.
BATCH = 100


def _read_number(value: Any) -> Any:
    return float(value.to_decimal()) if isinstance(value, Decimal128) else value


# Each type of BSON numbers. A strict float accepts an int, but not a bool or a string.
StoredNumber = Annotated[float, BeforeValidator(_read_number)]


class StoredModel(BaseModel):
    """Base of the models of stored documents: strict types. Documents may have more fields.

    The title of a field is its invariant. The description is the message of a violation.
    """

    model_config = ConfigDict(strict=True)


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


def find_invalid(db: Db, collection: str, model: type[StoredModel]) -> Iterator[Violation]:
    """Yield a violation for each invalid field of each document."""
    fields = model.model_fields
    for document in db[collection].find({}, dict.fromkeys(fields, 1), batch_size=BATCH):
        for name in _list_invalid(model, document):
            yield Violation(str(fields[name].title), [str(document["_id"])], str(fields[name].description))


def _list_invalid(model: type[StoredModel], document: Document) -> list[str]:
    try:
        model.model_validate(document)
    except ValidationError as error:
        return list(
            dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_url=False, include_input=False))
        )
    return []


def find_orphans(db: Db, collection: str, field: str, parents: str, match: Document) -> Iterator[list[str]]:
    """Yield the ids of matching documents whose `field` is not an id in `parents`, one list for each missing id."""
    only_id = [{"$project": {"_id": 1}}]
    join = {"from": parents, "localField": "_id", "foreignField": "_id", "pipeline": only_id, "as": "found"}
    grouped = {"_id": f"${field}", "ids": {"$push": "$_id"}}
    pipeline = [{"$match": match}, {"$group": grouped}, {"$lookup": join}, {"$match": {"found": []}}]
    return find_groups(db, collection, pipeline)
