"""All settings of a run as vasprun.xml lists them under <parameters>: INCAR's or VASP's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.incar_reader import IncarValue
    from llo_dft.testing.standin_vasp.run_record import MockRun

#: VASP's numbers of the algorithms (https://www.vasp.at/wiki/index.php/ALGO), by first letter.
_IALGO = {"n": 38, "v": 48, "f": 68, "a": 58, "c": 58, "d": 53, "e": 90, "s": 4}

#: Sections of <parameters> and what is in them. Where a value stands here, it is VASP's own
#: choice; None marks those that ``_derived`` gives.
_SECTIONS: dict[str, dict[str, IncarValue | None]] = {
    "general": {"SYSTEM": "unknown system", "LCOMPAT": False},
    "electronic": {
        "PREC": "normal",
        "ENMAX": None,
        "ENAUG": 605.4,
        "EDIFF": 1e-4,
        "IALGO": None,
        "NBANDS": None,
        "NELECT": None,
        "LDAU": False,
        "METAGGA": "--",
    },
    "electronic smearing": {"ISMEAR": 1, "SIGMA": 0.2, "KSPACING": 0.5, "KGAMMA": True},
    "electronic projectors": {"LREAL": None, "LMAXPAW": -100, "LMAXMIX": 2, "NLSPLINE": False},
    "electronic startup": {"ISTART": 0, "ICHARG": 2, "INIWAV": 1},
    "electronic spin": {
        "ISPIN": 1,
        "LNONCOLLINEAR": False,
        "MAGMOM": None,
        "NUPDOWN": -1.0,
        "LSORBIT": False,
        "SAXIS": [0.0, 0.0, 1.0],
        "LSPIRAL": False,
    },
    "electronic exchange-correlation": {"LASPH": False, "LMETAGGA": False},
    "electronic convergence": {"NELM": 60, "NELMDL": -5, "NELMIN": 2, "ENINI": None},
    "electronic mixer": {
        "AMIX": 0.4,
        "BMIX": 1.0,
        "AMIN": 0.1,
        "AMIX_MAG": 1.6,
        "BMIX_MAG": 1.0,
        "IMIX": 4,
        "MAXMIX": -45,
    },
    "electronic dipolcorrection": {
        "LDIPOL": False,
        "LMONO": False,
        "IDIPOL": 0,
        "EPSILON": 1.0,
        "DIPOL": [-100.0, -100.0, -100.0],
        "EFIELD": 0.0,
    },
    "grids": {
        "NGX": None,
        "NGY": None,
        "NGZ": None,
        "NGXF": None,
        "NGYF": None,
        "NGZF": None,
        "ADDGRID": False,
    },
    "ionic": {
        "NSW": 0,
        "IBRION": None,
        "MDALGO": 0,
        "ISIF": 2,
        "PSTRESS": 0.0,
        "EDIFFG": None,
        "NFREE": 0,
        "POTIM": 0.5,
        "SMASS": -3.0,
    },
    "symmetry": {"ISYM": 2, "SYMPREC": 1e-5},
    "dos": {"LORBIT": 0, "NEDOS": 301, "EMIN": 10.0, "EMAX": -10.0, "RWIGS": None},
    "writing": {
        "NWRITE": 2,
        "LWAVE": True,
        "LCHARG": True,
        "LPARD": False,
        "LVTOT": False,
        "LVHAR": False,
        "LELF": False,
        "LOPTICS": False,
        "LAECHG": False,
    },
    "performance": {"NPAR": 1, "NSIM": 4, "NCORE": 1, "KPAR": 1, "LPLANE": True},
    "miscellaneous": {"LCORR": True},
    "vdW DFT": {"LUSE_VDW": False, "ZAB_VDW": -0.8491, "PARAM1": 0.1234, "PARAM2": 1.0},
    "electronic exchange-correlation functional": {
        "GGA": "--",
        "GGA_COMPAT": True,
        "LHFCALC": False,
        "PRECFOCK": "",
        "LRHFCALC": False,
        "AEXX": None,
        "HFSCREEN": 0.0,
        "ALDAC": 1.0,
        "AGGAC": 1.0,
        "LTHOMAS": False,
    },
    "linear response parameters": {"LEPSILON": False, "LRPA": False, "LCALCEPS": False},
}

#: Shown only where INCAR has them.
_ONLY_IF_ASKED = ("LDAUTYPE", "LDAUL", "LDAUU", "LDAUJ", "LDAUPRINT", "IVDW")


def parameters(run: MockRun) -> dict[str, dict[str, IncarValue]]:
    """Return the settings by section."""
    asked = dict(run.inputs.incar.values)
    asked.pop("ENCUT", None)
    derived = _derived(run)
    found: dict[str, dict[str, IncarValue]] = {}
    for section, names in _SECTIONS.items():
        found[section] = {
            name: asked.get(name, derived[name] if own is None else own)
            for name, own in names.items()
        }
    found["electronic"] |= {name: asked[name] for name in _ONLY_IF_ASKED if name in asked}
    found["dos"].pop("RWIGS")
    return found


def _derived(run: MockRun) -> dict[str, IncarValue]:
    """Return what VASP takes from other inputs."""
    inputs, incar = run.inputs, run.inputs.incar
    n_ions = len(inputs.crystal.symbols)
    algorithm = incar.word("ALGO", "Normal").lower()[:1]
    sizes = [
        *zip(("NGX", "NGY", "NGZ"), run.sizes.coarse, strict=True),
        *zip(("NGXF", "NGYF", "NGZF"), run.sizes.fine, strict=True),
    ]
    return {
        **dict(sizes),
        "ENMAX": inputs.cutoff_ev,
        "ENINI": inputs.cutoff_ev,
        "IALGO": _IALGO.get(algorithm, 38),
        "NBANDS": inputs.n_bands,
        "NELECT": inputs.n_electrons,
        "LREAL": False,
        "MAGMOM": n_ions * [1.0],
        "IBRION": inputs.ibrion,
        "EDIFFG": inputs.ediffg,
        "RWIGS": np.full(len(inputs.potentials), -1.0).tolist(),
        "AEXX": 0.25 if incar.logical("LHFCALC") else 0.0,
    }
