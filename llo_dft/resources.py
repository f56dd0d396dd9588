"""Find the data that travels with the package: structures, recipes, cluster configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

ResourceFolder: TypeAlias = Literal["structures", "workflows", "hpc_configs"]

_PACKAGE: Final = Path(__file__).resolve().parent


def _resource_folder(folder: str) -> Path:
    """Folder of data: in the package when installed from a wheel, else at the checkout's top.

    The checkout is known by its ``pyproject.toml``, so that a folder that happens to be
    called ``structures`` in someone's site-packages is never taken for ours.
    """
    installed = _PACKAGE / "_data" / folder
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / folder).is_dir():
        return checkout / folder
    raise FileNotFoundError(
        f"The data folder {folder!r} is neither in the installed package ({installed}) nor at the "
        f"top of a checkout ({checkout / folder}); install the package again"
    )


def _listing(folder: Path, suffix: str) -> str:
    found = folder.rglob(f"*{suffix}")
    names = (path.relative_to(folder).as_posix() for path in found if path.is_file())
    return ", ".join(sorted(names)) or "nothing"


def resource_path(folder: ResourceFolder, name: str) -> Path:
    """Path of a file of data, in an installed wheel or in a checkout.

    Raises ``FileNotFoundError`` if there is no such file; the message lists those of its kind;
    ``ValueError`` if ``name`` leads out of the folder.

    ``name`` is a file name with its ending; it may name a subfolder, as ``slurm/vasp.yaml``.
    """
    root = _resource_folder(folder).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"{name!r} leads out of the data folder {folder!r}; give a name inside it")
    if not path.is_file():
        raise FileNotFoundError(
            f"No {name!r} in {folder!r}; there is: {_listing(root, path.suffix)}"
        )
    return path


def packaged_recipes() -> dict[str, str]:
    """Return the recipes of this package by their names, and what each is for: its first words."""
    found = sorted(_resource_folder("workflows").glob("*.toml"))
    heads = {one.stem: one.read_text(encoding="utf-8").partition("\n#\n")[0] for one in found}
    texts = {name: head.removeprefix("# ").replace("\n# ", " ") for name, head in heads.items()}
    return {name: f"{text.partition('. ')[0].rstrip('.:')}." for name, text in texts.items()}


def recipe_path(name: str) -> Path:
    """Return a recipe's file: the one of that path, or one of this package by its name.

    Raises ``InputError`` if there is neither; it names the package's recipes, or the one that was
    meant.
    """
    path = Path(name)
    if path.is_file() or path.name != name:
        return path
    known = packaged_recipes()
    if path.suffix == ".toml" and path.stem in known:
        raise InputError(
            f"there is no recipe {name} here; for a recipe of the package give its name alone: "
            f"{path.stem}"
        )
    if path.suffix:
        return path
    if name not in known:
        raise InputError(
            f"there is no recipe {name!r}: give the path of a file, or one of {', '.join(known)}"
        )
    return resource_path("workflows", f"{name}.toml")


def load_structure(name: str) -> Structure:
    """Conventional cell of a structure of the package: ``Li3PO4_beta``, with or without ``.cif``.

    The axes are those of the file, so Miller indices refer to its setting (for
    ``Li3PO4_gamma`` that is Pmnb; see ``structures/PROVENANCE.toml``).

    Raises ``FileNotFoundError`` if there is no such structure; the message lists what is there.
    """
    # Looking up a recipe or a cluster file should not wait for pymatgen.
    from pymatgen.io.cif import CifParser  # noqa: PLC0415

    path = resource_path("structures", name if name.endswith(".cif") else f"{name}.cif")
    return CifParser(path).parse_structures(primitive=False)[0]
