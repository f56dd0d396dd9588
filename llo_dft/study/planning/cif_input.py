"""Read a user's crystal; unusable ones are refused with the reason."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifFile, CifParser

from llo_dft.builders.cathode.bulk import hexagonal_scaffold, ideal_scaffold
from llo_dft.builders.cathode.own_crystal import layered_cell
from llo_dft.builders.cell_checks import check_usable
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe
from llo_dft.resources import load_structure
from llo_dft.study.machine import check_size

#: Most symmetry operations: no space group has more than 192 in a conventional cell.
_MOST_OPERATIONS: Final = 192

_OPERATIONS: Final = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")


def read_cif(path: Path, *, lattice_only: bool = False) -> Structure:
    """Return the structure of a CIF, in the file's own cell and setting.

    With ``lattice_only`` only the lattice is used, so that occupancies and distances of sites don't
    matter.

    Raises ``InputError`` if the file is missing or not a CIF, has too many atoms or a partially
    occupied site, or atoms overlap.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        _check_counts(path)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what matters is checked below
            structure: Structure = CifParser(path).parse_structures(primitive=False)[0]
    except InputError:
        raise
    except (OSError, ValueError, KeyError, IndexError, TypeError, AssertionError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} can't be read as a CIF: {text}") from error
    if not np.isfinite(structure.lattice.volume):
        raise InputError(f"{path} can't be read as a CIF: its cell is of infinite volume")
    if not lattice_only:
        check_usable(structure, str(path))
    return structure


def _read_cathode(path: Path) -> Structure:
    """Return the crystal of a CIF or POSCAR; sites may be shared by elements.

    Raises ``InputError`` if the file is missing or neither, or, for a crystal without shared sites,
    as ``read_cif``.
    """
    if path.suffix.lower() == ".cif":
        structure = read_cif(path, lattice_only=True)
    else:
        structure = _read_poscar(path)
    if any(hasattr(element, "oxi_state") for element in structure.composition):
        structure.remove_oxidation_states()
    if structure.is_ordered:
        check_usable(structure, str(path))
    return structure


def cathode_parent(recipe: Recipe, folder: Path) -> Structure:
    """Return the cell that supercell repeats, or shape is of; a and b span the layers.

    Raises ``InputError`` if the recipe's file can't be used.
    """
    file = recipe.cathode.file
    if file is None:
        parent = load_structure("Li2MnO3.cif")
        if recipe.cathode.shape is not None:
            return hexagonal_scaffold(parent.lattice)
        if recipe.cathode.ordering == "honeycomb":
            return parent
        return ideal_scaffold(parent.lattice)
    path = folder / Path(file).expanduser()
    crystal = _read_cathode(path)
    if not crystal.composition["O"]:
        raise InputError(f"{path} has no O")
    if crystal.is_ordered and recipe.cathode.replica:
        raise InputError(
            f"cathode.replica orders metals that share sites; those of {folder / file} are ordered"
        )
    return layered_cell(crystal)


def _read_poscar(path: Path) -> Structure:
    from pymatgen.io.vasp.inputs import Poscar  # noqa: PLC0415 (a second to import)

    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # guessed names of elements
            structure: Structure = Poscar.from_str(path.read_text(encoding="utf-8")).structure
    except (OSError, ValueError, KeyError, IndexError, TypeError, Warning) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} can't be read as a POSCAR: {text}. Expected that, with the elements in its "
            "sixth line, or a file that ends in .cif"
        ) from error
    check_size(len(structure), f"the cell of {path}", "its atoms")
    return structure


def _check_counts(path: Path) -> None:
    """Refuse a file with too many atoms or operations before it is expanded."""
    for block in CifFile.from_file(path).data.values():
        check_size(len(block.data.get("_atom_site_label", ())), f"the cell of {path}", "its atoms")
        operations = max(len(block.data.get(key, ())) for key in _OPERATIONS)
        if operations > _MOST_OPERATIONS:
            raise InputError(
                f"{path} lists {operations:,} symmetry operations; expected at most "
                f"{_MOST_OPERATIONS}. Write it in a standard setting, or without symmetry (P1)"
            )
