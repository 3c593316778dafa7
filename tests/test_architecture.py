"""What every module must keep to: imports point one way, pages stay light, documentation is true."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
FILES = sorted([*ROOT.glob("rare_event/**/*.py"), *ROOT.glob("pages/*.py"), *ROOT.glob("app.py")])
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]

# What each part of the house may import from the others; the order is the reading order.
BASE = {"aligned", "batches", "clock", "config", "errors", "logs", "text"}
STAGES = {"prepare", "detect", "judge"}
# What stands before the stages, and what looks at a table once it is prepared.
DATA = {"read", "checks"}
# From the ground up: a room may import those below it, the three stages not one another.
FLOORS = ["plots", "experiment", "store", "compare", "code", "jobs", "bench", "report"]
# What scikit-learn is offered; no other room uses it.
ESTIMATOR = BASE | STAGES | {"read", "experiment"}
WITHOUT = {
    "experiment": {"plots"},
    "store": {"plots"},
    "compare": {"plots"},
    "code": {"plots"},
    "jobs": {"plots"},
}
MAY_IMPORT: dict[str, set[str]] = {
    "aligned": set(),
    "batches": set(),
    "errors": set(),
    "text": set(),
    "clock": {"text"},
    "logs": {"errors"},
    "config": BASE,
    "read": BASE,
    **dict.fromkeys(STAGES, BASE),
    "prepare": BASE | {"read"},
    "checks": BASE | {"read", "prepare"},
    **{
        floor: (BASE | STAGES | DATA | set(FLOORS[:below])) - WITHOUT.get(floor, set())
        for below, floor in enumerate(FLOORS)
    },
    "estimator": ESTIMATOR,
    "__init__": BASE | STAGES | DATA | set(FLOORS) | {"estimator"},
    "__main__": BASE | STAGES | DATA | set(FLOORS) | {"cli"},
    # Of the app only what serves it, in functions.
    "cli": BASE | STAGES | DATA | set(FLOORS) | {"ui"},
    "ui": BASE | STAGES | DATA | set(FLOORS),
    "screens": BASE | STAGES | DATA | set(FLOORS) | {"ui"},
}
USE_STREAMLIT = {"ui", "screens"}
# Its messages only, in functions: the bench speaks to the app as a browser does.
SPEAK_STREAMLIT = {"rare_event/bench/session.py"}
USE_KERAS = {
    "rare_event/detect/averages.py",
    "rare_event/detect/layers.py",
    "rare_event/detect/models.py",
    "rare_event/detect/operations.py",
    "rare_event/detect/programs.py",
    "rare_event/detect/random_bits.py",
    "rare_event/detect/seeds.py",
    "rare_event/detect/sparse_corrections.py",
    "rare_event/detect/training.py",
    "rare_event/bench/training.py",
}
DASK = {"dask", "distributed"}
KERAS = {"keras", "tensorflow", "tf_keras"}
LONGEST_MODULE, LONGEST_FUNCTION = 350, 60
UNSAFE = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def part_of(module: str) -> str:
    """Part of the house a module of ours belongs to: ``rare_event.ui.state`` is in ``ui``."""
    return (module.split(".") + ["__init__"])[1]


def part_of_file(name: str) -> str:
    if not name.startswith("rare_event/"):
        return "screens"
    return name.removesuffix(".py").split("/")[1]


def imported(tree: ast.AST, name: str) -> Iterator[str]:
    """Yield the full names of all modules a file imports, wherever in the file it does."""
    package = name.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from rare_event import config` imports the module rare_event.config.
            yield from (
                f"{module}.{alias.name}" if module == "rare_event" else module for alias in node.names
            )


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported: not those in functions, nor for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from at_import(node)


def parse(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)


def test_there_is_something_to_check() -> None:
    assert {"rare_event/config/__init__.py", "rare_event/errors.py"} <= set(NAMES)
    assert len(NAMES) >= 10
    for stage in STAGES:
        assert any(name.startswith(f"rare_event/{stage}/") for name in NAMES), stage


@pytest.mark.parametrize("name", NAMES)
def test_imports_point_one_way(name: str) -> None:
    part = part_of_file(name)
    assert part in MAY_IMPORT, f"{name} is in no known part of the house: add it to MAY_IMPORT."
    ours = {part_of(m) for m in imported(parse(name), name) if m.split(".")[0] == "rare_event"}
    assert ours - {part, "__init__"} <= MAY_IMPORT[part]


def lengths(source: str) -> dict[str, int]:
    """Lines of every function of a module, its decorators left out."""
    every = ast.walk(ast.parse(source))
    functions = [node for node in every if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        f"{node.name}, line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in functions
    }


@pytest.mark.parametrize("name", NAMES)
def test_modules_and_functions_stay_short(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_MODULE
    assert not {where: n for where, n in lengths(source).items() if n > LONGEST_FUNCTION}


def test_the_lengths_count_docstrings_and_methods() -> None:
    source = 'class A:\n def f(self):\n  """Do.\n\n  More.\n  """\n\nasync def g():\n def h(): pass\n'
    assert lengths(source) == {"f, line 2": 5, "g, line 8": 2, "h, line 9": 1}


def test_the_command_line_imports_the_app_in_functions_only() -> None:
    for name in (name for name in NAMES if part_of_file(name) == "cli"):
        tree = parse(name)
        assert {m for m in imported(tree, name) if part_of(m) == "ui"} <= {"rare_event.ui.serve"}
        early = [node for node in at_import(tree) if isinstance(node, ast.ImportFrom)]
        assert not [node for node in early if (node.module or "").startswith("rare_event.ui")]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_app_imports_streamlit(name: str) -> None:
    theirs = {module for module in imported(parse(name), name) if module.split(".")[0] == "streamlit"}
    if name in SPEAK_STREAMLIT:
        theirs = {module for module in theirs if not module.startswith("streamlit.proto.")}
    assert not theirs or part_of_file(name) in USE_STREAMLIT


@pytest.mark.parametrize("name", NAMES)
def test_keras_is_imported_only_in_functions_of_few_modules(name: str) -> None:
    tree = parse(name)
    if name not in USE_KERAS:
        assert not {module.split(".")[0] for module in imported(tree, name)} & KERAS
    for node in at_import(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not {module.split(".")[0] for module in imported(ast.Module([node], []), name)} & KERAS


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_pickled(name: str) -> None:
    tree = parse(name)
    assert not {module.split(".")[0] for module in imported(tree, name)} & UNSAFE
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Attribute) and node.attr in {"read_pickle", "to_pickle"})
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


def test_the_checks_above_find_what_they_look_for() -> None:
    source = "if TYPE_CHECKING:\n import keras\ndef f():\n import tensorflow as tf\nfrom ..ui import state\n"
    tree = ast.parse(source)
    assert list(imported(tree, "rare_event/jobs/queue.py")) == ["rare_event.ui", "keras", "tensorflow"]
    assert [ast.unparse(node) for node in at_import(tree) if isinstance(node, ast.stmt)] == [
        "from ..ui import state"
    ]
    assert part_of("rare_event.ui.state") == part_of_file("rare_event/ui/state.py") == "ui"
    assert part_of_file("rare_event/config.py") == "config"
    assert part_of_file("pages/1_Data.py") == part_of_file("app.py") == "screens"


def loaded_after(modules: list[str]) -> set[str]:
    """Top-level modules of a fresh interpreter after importing `modules`."""
    code = f"import sys, {', '.join(modules)}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_of_the_package_is_light() -> None:
    assert not loaded_after(["rare_event"]) & {*KERAS, *DASK, "streamlit", "sklearn", "plotly"}


def test_no_module_loads_keras_and_only_the_app_streamlit() -> None:
    """The serving process imports any of these; with keras loaded every rerun would be slow."""
    modules = {
        part: [
            name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name in NAMES
            if name.startswith("rare_event/") and (part_of_file(name) == "ui") == (part == "ui")
        ]
        for part in ("core", "ui")
    }
    core = loaded_after(modules["core"])
    assert {"rare_event", "numpy", "pandas"} <= core
    assert not core & {*KERAS, *DASK, "streamlit"}
    if modules["ui"]:
        with_ui = loaded_after(modules["core"] + modules["ui"])
        assert "streamlit" in with_ui
        assert not with_ui & KERAS


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield the public functions, classes and methods of a module's body by name."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def arguments(node: Definition) -> list[str]:
    """Parameters in order: of a function, of a class' ``__init__``, or a dataclass' fields."""
    if not isinstance(node, ast.ClassDef):
        args = node.args
        every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
        return [a.arg for a in every if a and a.arg not in {"self", "cls"}]
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name == "__init__":
            return arguments(child)
    return [ast.unparse(c.target) for c in node.body if isinstance(c, ast.AnnAssign) and is_parameter(c)]


def is_parameter(field: ast.AnnAssign) -> bool:
    """Whether a field is the caller's to choose: no class variable, no tag of one possible value."""
    annotation = ast.unparse(field.annotation)
    fixed = annotation.startswith("ClassVar") or re.fullmatch(r"Literal\[('[^']*'|\d+)\]", annotation)
    return not fixed and not (field.value and "init=False" in ast.unparse(field.value))


def documented(text: str) -> list[str]:
    """Names of the section Parameters; several may share one line."""
    return [
        name.strip().lstrip("*")
        for entry in NumpyDocString(text)["Parameters"]
        for name in entry.name.split(",")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_documentation_matches_signatures(name: str) -> None:
    tree = parse(name)
    assert ast.get_docstring(tree) or not tree.body, f"{name} does not say what it is for."
    for where, node in public(tree.body):
        text = ast.get_docstring(node)
        assert text, f"{name}: {where} has no docstring."
        parameters = documented(text)
        assert not parameters or parameters == arguments(node), f"{name}: {where}"


def test_the_documentation_check_reads_docstrings() -> None:
    node = ast.parse(
        'def f(a, /, b, *rest, c=1, **more):\n    """Do.\n\n    Parameters\n    ----------\n'
        '    a, b\n        Two.\n    *rest\n        All.\n    c : int\n        One.\n    """\n'
    ).body[0]
    assert isinstance(node, ast.FunctionDef)
    assert documented(ast.get_docstring(node) or "") == ["a", "b", "rest", "c"]
    assert arguments(node) == ["a", "b", "rest", "c", "more"]
    tagged = ast.parse("class A:\n    kind: Literal['a'] = 'a'\n    how: Literal['x', 'y'] = 'x'\n").body[0]
    assert isinstance(tagged, ast.ClassDef)
    assert arguments(tagged) == ["how"]


SKIPPING = """
import pytest

@pytest.fixture
def absent(): pytest.skip("no data")

def test_fixture(absent): pass

@pytest.mark.skip(reason="later")
def test_mark(): pass

def test_inside(): pytest.skip("half-way")

@pytest.mark.xfail(reason="known")
def test_known(): assert False

def test_good(): pass
"""


def run_pytest(folder: Path, workers: int, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder with our conftest, in this process' environment but for our variables."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("RARE_EVENT", "PYTEST"))}
    options = ["-q", "-n", str(workers), "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def skipping(tmp_path: Path) -> Path:
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(SKIPPING)
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    return tmp_path


def test_a_skip_is_a_skip_by_default(skipping: Path) -> None:
    done = run_pytest(skipping, workers=0)
    assert done.returncode == 0
    assert "1 passed, 4 skipped, 1 xfailed" in done.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_a_skip_is_a_failure_where_nothing_may_be_skipped(skipping: Path, workers: int) -> None:
    done = run_pytest(skipping, workers, RARE_EVENT_NO_SKIPS="1")
    assert done.returncode == 1
    # Errors: a skipped fixture, a skip mark, a module that skips itself.
    assert "1 failed, 1 passed, 1 xfailed, 3 errors" in done.stdout
    assert done.stdout.count("Skipped, though RARE_EVENT_NO_SKIPS is set") >= 4
