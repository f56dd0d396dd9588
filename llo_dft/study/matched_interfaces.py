"""Interfaces of two crystals on their best common cells, as structures and pictures in a folder."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ase.io import write as write_atoms
from pymatgen.core.structure import Structure
from pymatgen.io.ase import AseAtomsAdaptor
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp.inputs import Poscar

from llo_dft.builders.interface.interface_search import RankedInterface, search_interfaces
from llo_dft.builders.matching.common_cell import InterfaceError
from llo_dft.builders.matching.find_matches import LatticeMatch
from llo_dft.builders.surface.general_slab import SlabCut, general_slab
from llo_dft.errors import InputError
from llo_dft.report.figures.structure_picture import save_views
from llo_dft.study.folder import write_whole
from llo_dft.study.machine import check_size
from llo_dft.study.planning.cif_input import read_cif

#: Least thickness of each slab, and of the vacuum above the film, angstrom.
SLAB_THICKNESS: Final = 8.0
VACUUM: Final = 15.0

#: Spacing of the grid of registries, and distances of the outermost planes tried at each,
#: angstrom.
REGISTRY_SPACING: Final = 1.0
GAPS: Final = (1.0, 1.4, 1.8, 2.2, 2.6)

#: List of what was built, beside the structures.
BUILT: Final = "interfaces.json"


def _extended_xyz(structure: Structure) -> str:
    text = io.StringIO()
    write_atoms(text, AseAtomsAdaptor.get_atoms(structure, msonable=False), format="extxyz")
    return text.getvalue()


#: File ending and writer of each structure format.
FORMATS: Final[dict[str, tuple[str, Callable[[Structure], str]]]] = {
    "cif": (".cif", lambda one: str(CifWriter(one, significant_figures=10))),
    "poscar": (".vasp", lambda one: Poscar(one).get_str(significant_figures=12)),
    "extxyz": (".xyz", _extended_xyz),
}


def cut_slab(path: Path, miller: tuple[int, int, int]) -> SlabCut:
    """Return the first slab of a plane: symmetric, non-polar and stoichiometric if there is one.

    Raises ``InputError`` if the file can't be read, or the plane can't be cut; names both.
    """
    crystal = read_cif(path)
    try:
        cuts = general_slab(crystal, miller, min_slab_size=SLAB_THICKNESS, min_vacuum_size=VACUUM)
    except ValueError as error:
        raise InputError(f"{path}, plane {miller}: {error}") from error
    if not cuts:
        raise InputError(f"{path}, plane {miller}: no slab could be cut")
    return cuts[0]


def write_interfaces(
    film: SlabCut,
    substrate: SlabCut,
    matches: Sequence[LatticeMatch],
    n_built: int,
    folder: Path,
    formats: Sequence[str],
) -> list[dict[str, Any]]:
    """Build the film on the substrate for the best matches, and write the usable ones.

    Matches on the front of area and strain come first, then the others. For each, the registry and
    gap with the best bond valences are used. A match where all bring atoms too close is left out,
    and the next one is used instead.

    The film's lower face is put on the substrate's upper one; ``matches`` are from ``find_matches``
    with their in-plane vectors. At most ``n_built`` are written, in ``formats`` of ``FORMATS``; the
    folder is created if needed, and earlier files of the same names are replaced. Returns for each
    match that was tried what was built, or the reason why nothing was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    built = 0
    for number, match in sorted(enumerate(matches, 1), key=lambda one: not one[1].on_front):
        if built == n_built:
            break
        entry: dict[str, Any] = {"match": number, "area_a2": match.area_a2}
        entry |= {"max_strain": match.max_strain, "film": film.name, "substrate": substrate.name}
        try:
            best = _best(film, substrate, match)
        except InputError as error:
            entries.append(entry | {"files": [], "reason": str(error)})
            continue
        built += 1
        entries.append(entry | _written(best, f"interface-{built}", folder, formats, match))
    write_whole(folder / BUILT, json.dumps(entries, indent=1) + "\n")
    return entries


def _best(film: SlabCut, substrate: SlabCut, match: LatticeMatch) -> RankedInterface:
    if match.n_atoms is not None:
        check_size(match.n_atoms, "the interface", "a smaller --max-area")
    try:
        return search_interfaces(
            substrate.structure,
            film.structure,
            match,
            spacing=REGISTRY_SPACING,
            gaps=GAPS,
            vacuum=VACUUM,
            termination=film.name,
        )[0]
    except InterfaceError:
        raise
    except ValueError as error:  # an element without known bond valence
        raise InputError(str(error)) from error


def _written(
    best: RankedInterface, name: str, folder: Path, formats: Sequence[str], match: LatticeMatch
) -> dict[str, Any]:
    structure = best.structure
    files = []
    for kind in formats:
        suffix, text = FORMATS[kind]
        write_whole(folder / f"{name}{suffix}", text(structure))
        files.append(f"{name}{suffix}")
    picture = folder / f"{name}.png"
    picture.unlink(missing_ok=True)  # including a link that it would be written through
    strain = "/".join(f"{100 * one:+.1f}" for one in match.principal_strains)
    title = f"{structure.composition.reduced_formula}, {match.area_a2:.1f} A^2, film {strain} %"
    bonded = {bond.anion: "bond" for bond in best.bonds}
    save_views(structure, picture, title, bonded, "lattice anion bonded to the film's former")
    return {
        "files": [*files, picture.name],
        "n_atoms": len(structure),
        "registry": list(best.registry),
        "gap_angstrom": best.gap,
        "bond_valence_score": best.score,
        "n_former_bonds": len(best.bonds),
    }
