"""INCAR tags of the user's own: which are taken, which the protocol owns, and why.

They come from a recipe's [engine.incar], from atomate2's settings (VASP_INCAR_UPDATES) and from its
powerup ``update_user_incar_settings``. What an energy depends on enters fingerprint and key; tags
that ``energy_tags.toml`` calls harmless enter neither, so that they may change on the way.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.energy_tags import tag_of

#: What atomate2's settings are called in its environment variables.
ATOMATE2: Final = "ATOMATE2_VASP_INCAR_UPDATES"

_KIND: Final = "each kind of calculation has its own"
_READ: Final = "results are read from what it has VASP write"
_START: Final = "what a calculation begins with is taken from the one that it is made of"

#: What is decided here, by the names of tags, and what serves instead.
_OWNED: Final = {
    "ENCUT ENMAX": "take engine.overrides.encut_ev",
    "EDIFF": "take engine.overrides.ediff_ev",
    "EDIFFG": "take engine.overrides.force_tolerance",
    "NSW": "take engine.overrides.max_steps",
    "ISMEAR SIGMA": "take engine.overrides.sigma_ev",
    "LREAL": "take engine.overrides.real_space_projection",
    "GGA METAGGA LMETAGGA LMIXTAU LHFCALC HFSCREEN AEXX LEXCH": "take engine.overrides.functional",
    "IVDW VDW_* LVDW LUSE_VDW": "take engine.overrides.dispersion",
    "LDAU LDAUTYPE LDAUL LDAUU LDAUJ": "take engine.overrides.u_values_ev",
    "NUPDOWN": "take engine.overrides.o2_unpaired_electrons",
    "KSPACING KGAMMA": "take engine.overrides.k_spacing",
    "MAGMOM": "take engine.overrides.magnetic_order",
    "IBRION ISIF ISYM ISPIN LMAXMIX LDIPOL IDIPOL DIPOL NGX* NGY* NGZ*": _KIND,
    "PREC LASPH NELECT POMASS": "it is the same in all protocols, and O2 schemes rest on it",
    "LORBIT LWAVE LCHARG NEDOS LAECHG LVHAR ICORELEVEL LH5": _READ,
    "ISTART ICHARG NBANDS NELMDL": _START,
}


def checked_tags(given: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return a user's tags, in capitals, if none is the protocol's.

    A value of None takes out a tag that has no weight for the energy; ``source`` is where they come
    from, for the message.

    Raises ``EngineError``, naming the tag, what it decides and what to do instead.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        tag = name.strip().upper()
        why = _owner(tag)
        if why is not None:
            raise EngineError(
                f"{source}: {tag} = {value!r} is not accepted, since the protocol decides it "
                f"({tag_of(tag).reason}); {why}"
            )
        if isinstance(value, dict) or not tag.replace("_", "").isalnum():
            raise EngineError(
                f"{source}: {name!r} = {value!r}; expected a tag of INCAR with a number, a word, "
                "a truth value or a list of these"
            )
        found[tag] = value
    return found


def _owner(tag: str) -> str | None:
    for names, why in _OWNED.items():
        if any(fnmatchcase(tag, pattern) for pattern in names.split()):
            return why
    return None


def deciding(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tags that are part of a calculation's key: all but the harmless ones."""
    return {name: tags[name] for name in sorted(tags) if tag_of(name).weight != "harmless"}


def machine_tags() -> dict[str, Any]:
    """Return the tags of atomate2's settings on this machine.

    Raises ``EngineError`` if one of them is the protocol's.
    """
    from atomate2 import SETTINGS  # noqa: PLC0415 (most of a second to import)

    return checked_tags(SETTINGS.VASP_INCAR_UPDATES, ATOMATE2)


def on_this_machine(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calculation's tags with the harmless ones of the machine that runs it.

    Raises ``EngineError`` if its settings have a tag that decides an energy and that the study was
    not made with.
    """
    here = machine_tags()
    for name, value in deciding(here).items():
        if tags.get(name, value) != value or name not in tags:
            raise EngineError(
                f"{ATOMATE2} on this machine has {name} = {value!r}, which decides an energy "
                f"({tag_of(name).reason}), and the study was made "
                + (f"with {tags[name]!r}" if name in tags else "without it")
                + "; put it into [engine.incar] of the recipe, or take it out of the settings"
            )
    return here | dict(tags)


def told(tags: Mapping[str, Any]) -> list[str]:
    """Return a line for each tag: its value, and what follows from it."""
    words = {
        "refused": "decides energies: part of the fingerprint",
        "own": "decides energies: part of the fingerprint",
        "named": "part of the fingerprint, named where runs differ in it",
        "harmless": "not compared",
    }
    return [
        f"INCAR {name} = {value}: {words[tag_of(name).weight]} ({tag_of(name).reason})"
        for name, value in sorted(tags.items())
    ]
