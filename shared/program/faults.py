"""Pydantic's findings in the words of the document: dotted path, what was expected, what came."""

from collections.abc import Mapping
from typing import Annotated, TypeGuard, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.program.document import Document, Path, dotted
from shared.program.errors import Fault
from shared.program.fields import suggestion
from shared.program.models import Program

# Long enough to recognise one's own value, short enough for one line.
_SHOWN_CHARACTERS = 60
# What pydantic puts behind a mapping's key when the key itself is at fault.
_KEY = "[key]"

# The keys that tell the variants of a union apart, everywhere in our documents.
_TAG_KEYS = ("policy", "kind")

_KINDS = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
}


def faults_of(
    error: ValidationError, document: Document, root: type[BaseModel] = Program
) -> list[Fault]:
    """Say each error as a fault of the document, which should have been a `root`."""
    return [_fault(details, document, root) for details in error.errors(include_url=False)]


def _fault(details: ErrorDetails, document: Document, root: type[BaseModel]) -> Fault:
    path, known = _trace(details["loc"], root)
    kind, given = details["type"], details["input"]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        tag_key = details["ctx"]["discriminator"].strip("'")
        path = (*path, tag_key)
        given = given.get(tag_key)
    if kind in {"missing", "union_tag_not_found"}:
        message = "required, but missing"
    elif kind == "extra_forbidden":
        message = f"unknown key{suggestion(path[-1], known)}"
    else:
        hint = details.get("ctx", {}).get("hint", "")
        message = f"expected {_wanted(details)}, got {_shown(given)}{hint}"
    return Fault(path=dotted(path), message=message, line=_line(path, document))


def _wanted(details: ErrorDetails) -> str:
    ctx = details.get("ctx", {})
    match details["type"]:
        case "literal_error":
            return str(ctx["expected"])
        case "union_tag_invalid":
            return f"one of {ctx['expected_tags']}"
        case "too_long":
            return f"at most {ctx['max_length']} items"
        case kind:
            return _KINDS.get(kind, details["msg"])


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case tuple():
            return "a list"
        case _:
            text = repr(value)
            return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _line(path: Path, document: Document) -> int | None:
    """Find the line of a path, or of what should have held it; the whole document has none."""
    for end in range(len(path), 0, -1):
        if path[:end] in document.lines:
            return document.lines[path[:end]]
    return None


def _trace(loc: Path, root: type[BaseModel]) -> tuple[Path, tuple[str, ...]]:
    """Turn pydantic's location into a path of the document, with the keys its last step could be.

    Pydantic also names the variant of a union on the way, which the document does not.
    """
    annotation: object = root
    path: list[str | int] = []
    known: tuple[str, ...] = ()
    for step in loc:
        variants = _variants(annotation)
        if step in variants:
            annotation = variants[str(step)]
        elif step != _KEY:
            path.append(step)
            known = tuple(annotation.model_fields) if _is_model(annotation) else ()
            annotation = _inside(annotation, step)
    return tuple(path), known


def _variants(annotation: object) -> Mapping[str, object]:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return {
        tag: model
        for model in get_args(annotation)
        if _is_model(model)
        for key in _TAG_KEYS
        if key in model.model_fields
        for tag in get_args(model.model_fields[key].annotation)
    }


def _inside(annotation: object, step: str | int) -> object:
    if _is_model(annotation):
        found = annotation.model_fields.get(str(step))
        return found.annotation if found else None
    # A mapping's values and a list's items: all we nest models in.
    arguments = get_args(annotation)
    return arguments[1 if get_origin(annotation) is dict else 0] if arguments else None


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
