"""The least study with the engine ``vasp``, and what makes the stand-in the VASP of a cluster."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studies import recipe_fields, toml_text

from llo_dft.testing import standin, stub_potcars

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn

#: How VASP is started in a job: as a step of it, as on any cluster with Slurm.
COMMAND = "srun vasp_std"


@dataclass(frozen=True)
class VaspHome:
    """The stand-in and pseudopotentials, as they are installed on a cluster.

    Attributes
    ----------
    program
        The stand-in.
    potcars
        The folder of the pseudopotentials.
    """

    program: StandIn
    potcars: Path

    @property
    def variables(self) -> dict[str, str]:
        """What a job has to set, beside the command and the pseudopotentials."""
        ours = self.program.environment
        own = {name: value for name, value in ours.items() if not name.startswith("ATOMATE2")}
        return own | {"PATH": f"{self.program.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"}

    @property
    def prologue(self) -> str:
        """The lines of a cluster file that make VASP known to its jobs."""
        exported = self.variables | {
            "ATOMATE2_VASP_CMD": COMMAND,
            "ATOMATE2_VASP_GAMMA_CMD": COMMAND.replace("vasp_std", "vasp_gam"),
            "PMG_VASP_PSP_DIR": str(self.potcars),
        }
        return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in exported.items())

    def n_starts_below(self, folder: Path) -> int:
        """Count the runs of VASP in calculations of a study."""
        below = f"{folder.resolve()}/"
        return sum(start["folder"].startswith(below) for start in self.program.starts())


def install(folder: Path, potcars: Path) -> VaspHome:
    """Install both."""
    return VaspHome(standin.install(folder), stub_potcars.install(potcars))


def write_recipe(folder: Path, name: str = "recipe.toml", **tables: dict[str, Any]) -> Path:
    """The recipe of the least study there is: Li, bulk, O2, one slab, one vacancy."""
    least: dict[str, dict[str, Any]] = {
        "study": {"name": "the least one"},
        "delithiation": {"fractions": [1.0]},
        "vacancies": {"environments": ["2TM+1Li"], "per_environment": 1},
        "oxygen": {"scheme": "wang2006"},
    }
    fields = recipe_fields(**least | tables)
    # one k-point: the stand-in is no better with more
    overrides = {"k_spacing": 1.0, "magnetic_order": "ferro", "electron_placements": 0}
    fields["engine"] = {"name": "vasp", "protocol": "fast", "overrides": overrides}
    path = folder / name
    path.write_text(toml_text(fields), encoding="utf-8")
    return path
