"""YAML as plain data with line numbers, read strictly: no guessing, no aliases, no duplicates.

YAML's own surprises (`010` is eight, `12:30` is 750, `no` is false, an alias bomb) have no place
in a document that decides about money: digits are integers, true and false are booleans,
everything else is text.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from typing_extensions import override

from shared.program.errors import DocumentError, Fault

# The default is under 3,000 characters; a program with hundreds of campaigns fits.
MAX_CHARACTERS = 262_144
MAX_DEPTH = 32
# Fewer digits than this fit every integer type below us; longer ones stay text and are refused.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_TAG = "tag:yaml.org,2002:"

Path: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """What a YAML text says: dicts, tuples, texts, integers, booleans, None; and where it says it.

    `lines` has the line (from 1) of every value by its path; `faults` what YAML itself tolerates
    and we don't.
    """

    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    # Nodes seen: one that comes again is an alias, and could multiply or contain itself.
    seen: set[int] = field(default_factory=set)

    def add_fault(self, path: Path, message: str, line: int) -> None:
        """Note what YAML tolerates and we don't."""
        self.faults.append(Fault(path=dotted(path), message=message, line=line))


def read(text: str, wanted: str = "a program") -> Document:
    """Read one YAML document; raises DocumentError when it is not YAML at all.

    `wanted` says what it should be, for a text that says nothing.
    """
    if len(text) > MAX_CHARACTERS:
        message = f"expected at most {MAX_CHARACTERS} characters, got {len(text)}"
        raise DocumentError([Fault(path="", message=message)])
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_broken(error)]) from None
    except yaml.YAMLError as error:
        first_line = str(error).splitlines()[0]
        raise DocumentError([Fault(path="", message=f"not YAML: {first_line}")]) from None
    document = Document()
    if node is None:
        raise DocumentError([Fault(path="", message=f"expected {wanted}, got nothing")])
    document.data = _plain(node, (), document)
    return document


def dotted(path: Path) -> str:
    """Write a path the way faults name it: `earn.check_in.ladder.2`."""
    return ".".join([str(step) for step in path])


class _Composer(yaml.SafeLoader):
    """Composes nodes, to a depth that recursion can follow."""

    depth = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.depth == MAX_DEPTH:
            mark = parent.start_mark if parent else None
            problem = f"nested deeper than {MAX_DEPTH}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


# Text is text: what a plain scalar means is decided in `_scalar` alone.
_Composer.yaml_implicit_resolvers = {}


def _broken(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "unreadable"
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, 0)
    where = f" at column {column}" if mark else ""
    return Fault(path="", message=f"not YAML: {problem}{where}", line=line)


def _plain(node: yaml.Node, path: Path, document: Document) -> object:
    if id(node) in document.seen:
        line = document.lines.get(path) or document.lines[path[:-1]]
        document.add_fault(path, "aliases (*name) are not supported", line)
        return None
    document.seen.add(id(node))
    line = document.lines.setdefault(path, node.start_mark.line + 1)
    kind = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.MappingNode) and kind == "map":
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        return tuple([_plain(item, (*path, i), document) for i, item in enumerate(node.value)])
    if isinstance(node, yaml.ScalarNode) and kind == "str":
        return _scalar(node)
    document.add_fault(path, f"tags ({node.tag}) are not supported", line)
    return None


def _mapping(node: yaml.MappingNode, path: Path, document: Document) -> dict[str, object]:
    data: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.add_fault(path, "expected keys that are words", line)
            continue
        key = (*path, key_node.value)
        if key_node.value in data:
            first = document.lines[key]
            document.add_fault(key, f"the key is there twice, first on line {first}", line)
            continue
        document.lines[key] = line
        data[key_node.value] = _plain(value_node, key, document)
    return data


def _scalar(node: yaml.ScalarNode) -> object:
    text: str = node.value
    if node.style is not None:
        return text
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if _INTEGER.fullmatch(text) else text
