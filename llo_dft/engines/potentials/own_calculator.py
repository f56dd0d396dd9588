"""An ASE calculator of one's own by its import path, for those who have another potential.

Importing it runs code. So only the user's own recipe file and command line may name it: they say
so in this process's environment (``allow_calculator``), which local workers share. A name that came
out of a study's folder, a plan, a queue or a cluster's file is compared with that, never imported.
"""

import hashlib
import os
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from llo_dft.documents.decoding.named_objects import TRUST
from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.known_potentials import (
    Potential,
    known_potential,
    package_version,
    unrecorded,
)

#: Name of the engine whose calculator ``engine.calculator`` names.
OWN: Final = "ase"


def potential_of(engine: str, model: str | None) -> Potential:
    """Return what is known of an engine's potential; of one's own, ``model`` is "module:function".

    Nothing is imported.

    Raises ``EngineError`` if the engine has no such model.
    """
    if engine != OWN:
        return known_potential(engine, model)
    path = str(model)
    module, _, function = path.partition(":")
    named = {"@module": module, "@callable": function}
    return unrecorded(module.partition(".")[0], named, path, path)


def allow_calculator(path: str) -> None:
    """Let this process and those that it starts import a calculator that the user named."""
    named = os.environ.get(TRUST, "").split()
    if path not in named:
        os.environ[TRUST] = " ".join([*named, path])


def is_allowed(path: str) -> bool:
    """Return whether the user named this calculator to this process, or trusts its module."""
    return not {path, path.partition(":")[0]}.isdisjoint(os.environ.get(TRUST, "").split())


def check_allowed(path: str) -> None:
    """Raise ``EngineError``, with how a user allows it, if only stored data name a calculator."""
    if not is_allowed(path):
        raise EngineError(
            f"the calculator {path} is named by stored data and was not imported: name it in a "
            f"recipe file of your own or with --engine, or where jobs come from a queue put it "
            f"into {TRUST} of the worker's environment"
        )


def version_of(engine: str, potential: Potential) -> str:
    """Return the version of a potential's package.

    Of a calculator of one's own with the distribution's name, or the hash of its source files.
    Only the outermost package is looked for, which imports nothing.

    Raises ``EngineError`` if there is no such module.
    """
    if engine != OWN:
        return package_version(potential.package)
    outermost = potential.package
    for distribution in packages_distributions().get(outermost, ()):
        return f"{distribution} {version(distribution)}"
    found = find_spec(outermost)
    if found is None or not (found.has_location or found.submodule_search_locations):
        raise EngineError(
            f"there is no module {outermost} for engine.calculator; install it, or put its folder "
            "into PYTHONPATH"
        )
    files = [Path(str(found.origin))]
    if found.submodule_search_locations:
        files = sorted(Path(found.submodule_search_locations[0]).rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{outermost} sha256:{digest[:16]}"
