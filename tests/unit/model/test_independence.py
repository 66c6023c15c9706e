"""The specification shares no code with the product: the two agree only by both being right."""

import ast
import sys
from pathlib import Path

from tests.support import model


def test_the_model_imports_only_the_standard_library_and_itself() -> None:
    for source in Path(model.__file__).parent.glob("*.py"):
        for name in _imports(source):
            assert name.startswith("tests.support.model") or name in sys.stdlib_module_names, source


def _imports(source: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return {n if n.startswith("tests.") else n.partition(".")[0] for n in names}
