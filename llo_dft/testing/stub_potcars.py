"""A folder of pseudopotentials as pymatgen looks for it, with heads and nothing behind them.

The licensed files can't be here. What is read of them before a run, and all that the stand-in for
VASP reads, are title, valence electrons and cutoffs: facts of the VASP wiki.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llo_dft.engines.vasp.potcars import POTCARS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from llo_dft.chemistry.element_table import Potcar

_STUB = """  {title}
 {valence:.10f}
 parameters from PSCTR are:
   VRHFIN ={element}: no pseudopotential, a stub for tests
   LEXCH  = PE
   EATOM  =   100.0000 eV,    7.3500 Ry

   TITEL  = {title}
   LULTRA =        F    use ultrasoft PP ?
   POMASS =   16.000; ZVAL   ={valence:9.3f}    mass and valenz
   ENMAX  =  {enmax:.3f}; ENMIN  =  {enmin:.3f} eV
   LPAW   =        T    paw PP
   EAUG   =  600.000
END of PSCTR-controll parameters
 local part
   0.10000000E+01  0.20000000E+01  0.30000000E+01
 End of Dataset
"""


def stub_text(potcar: Potcar, element: str) -> str:
    """Return the head of a POTCAR."""
    return _STUB.format(
        title=potcar.title,
        element=element,
        valence=potcar.valence,
        enmax=potcar.enmax_ev,
        enmin=0.75 * potcar.enmax_ev,
    )


def install(folder: Path) -> Path:
    """Write stubs of all pseudopotentials that the engine knows; return PMG_VASP_PSP_DIR."""
    for element, potcar in POTCARS.items():
        path = folder / "POT_GGA_PAW_PBE_54" / potcar.symbol / "POTCAR"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stub_text(potcar, element), encoding="ascii")
    return folder


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pymatgen of this process, and of those started from it, find the stubs.

    Here it also keeps what it thinks of each: it holds them against all POTCARs that it knows of,
    20 ms each, whenever one is read, which is some forty times a run.
    """
    from pymatgen.core import SETTINGS
    from pymatgen.io.vasp.inputs import PotcarSingle

    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(folder))
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(folder))
    judge: Any = vars(PotcarSingle)["is_valid"].fget
    known: dict[str, tuple[bool, Any]] = {}

    def is_valid(potcar: PotcarSingle) -> bool:
        if potcar.data not in known:
            known[potcar.data] = judge(potcar), potcar._summary_stats  # noqa: SLF001
        valid, potcar._summary_stats = known[potcar.data]  # noqa: SLF001
        return valid

    monkeypatch.setattr(PotcarSingle, "is_valid", property(is_valid))
