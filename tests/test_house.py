"""The shape of the house: small rooms, each name once, each module's test at its place."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import llo_dft

PACKAGE = Path(llo_dft.__file__).parent
TESTS = Path(__file__).parent
MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"} and "_data" not in path.parts
)

MOST_MODULES_IN_A_FOLDER = 15
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_THE_PACKAGE = 47_977  # to become 30_000; without testing/, which no study runs

# A program that is tested whole, from its inputs to the files that it writes.
TESTED_WHOLE = Path("testing/standin_vasp")

# Folders that are still too full. The list may only shrink.
CROWDED: set[str] = set()

# Names that two modules still share. The list may only shrink.
MODULES_OF_ONE_NAME: set[str] = set()

# Names that two types still share. The list may only shrink.
TYPES_DEFINED_TWICE: set[str] = set()

# Modules that still have no test file of their own. The list may only shrink.
WITHOUT_OWN_TEST: set[str] = set()


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def type_names(path: Path) -> list[str]:
    """Classes of a module at any depth, and the aliases (`Name = Literal[...]`) at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    aliases = [
        target.id
        for node in tree.body
        for target in (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        if isinstance(target, ast.Name) and target.id.lstrip("_")[:1].isupper()
    ]
    return classes + [name for name in aliases if not name.isupper()]


def test_a_folder_holds_no_more_modules_than_one_can_look_through():
    folders = defaultdict(list)
    for module in MODULES:
        folders[str(module.parent)].append(module.stem)
    crowded = {
        folder: names for folder, names in folders.items() if len(names) > MOST_MODULES_IN_A_FOLDER
    }
    assert {name: at for name, at in crowded.items() if name not in CROWDED} == {}
    assert CROWDED - set(crowded) == set(), "no longer crowded: take them off the list"


def test_no_two_modules_share_a_name():
    places = defaultdict(list)
    for module in MODULES:
        places[module.stem].append(str(module))
    shared = {name: at for name, at in places.items() if len(at) > 1}
    assert {name: at for name, at in shared.items() if name not in MODULES_OF_ONE_NAME} == {}
    assert MODULES_OF_ONE_NAME - set(shared) == set(), "take them off the list"


def test_a_type_is_defined_once():
    places = defaultdict(set)
    for module in MODULES:
        for name in type_names(PACKAGE / module):
            places[name].add(str(module))
    twice = {name: sorted(at) for name, at in places.items() if len(at) > 1}
    assert {name: at for name, at in twice.items() if name not in TYPES_DEFINED_TWICE} == {}
    assert TYPES_DEFINED_TWICE - set(twice) == set(), "defined once now: take them off the list"


def test_a_module_has_its_test_at_the_same_path():
    missing = {
        str(module)
        for module in MODULES
        if TESTED_WHOLE not in module.parents
        and not (TESTS / module.parent / f"test_{module.name}").is_file()
    }
    assert missing - WITHOUT_OWN_TEST == set(), "write tests/<same path>/test_<module>.py"
    assert WITHOUT_OWN_TEST - missing == set(), "tested or gone now: take them off the list"


def test_modules_and_the_package_stay_small():
    sizes = {str(module): lines(PACKAGE / module) for module in MODULES}
    assert {name: n for name, n in sizes.items() if n > MOST_LINES_OF_A_MODULE} == {}
    package = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "testing" not in path.parents]
    assert sum(lines(path) for path in package) <= MOST_LINES_OF_THE_PACKAGE
