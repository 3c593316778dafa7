"""Lines that are executed, with the files of a test in place of those that they name."""

import ast
from pathlib import Path
from typing import Any

import rare_event
from rare_event import config as settings

# Variables to which the lines assign a file.
FILES = ("file", "listed", "history")


def executed(code: str, folder: Path, **paths: Path) -> dict[str, Any]:
    """Execute lines in a folder of files; return their variables.

    Parameters
    ----------
    code
        The lines. They import public names only.
    folder
        Where the files are that they name.
    paths
        Files that replace what is assigned to a variable.
    """
    tree = ast.parse(code)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            public = {"rare_event": rare_event.__all__, "rare_event.config": settings.__all__}
            assert names <= {*public[node.module or ""]}, names
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            *paths,
            "file",
            "listed",
            "history",
        ):
            name = ast.unparse(node.targets[0])
            node.value = Located(folder, paths.get(name)).visit(node.value)
    found: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(tree), "<lines>", "exec"), found)  # noqa: S102
    return found


class Located(ast.NodeTransformer):
    """Puts names of files into a folder, except where they are names only."""

    def __init__(self, folder: Path, path: Path | None) -> None:
        self.folder, self.path = folder, path

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        if node.arg in ("names", "events_name"):
            return node
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(str(self.path or self.folder / str(node.value)))
