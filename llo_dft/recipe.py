"""A study on one page: the TOML recipe as pydantic models. Unknown keys are errors."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from llo_dft.errors import InputError
from llo_dft.typing import Layer, OxideKind, OxygenScheme, matching

#: A study's name becomes part of file names and, later, of job names.
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")

#: An ASE calculator by import path.
CALCULATOR_PATTERN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def _each_once(values: list[Any] | None) -> list[Any] | None:
    if values and len(set(values)) != len(values):
        raise ValueError("each only once")
    return values


Count = Annotated[int, Field(strict=True, ge=1)]
Index = Annotated[int, Field(ge=-9999, le=9999)]  # of a plane
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Once = AfterValidator(_each_once)
Gaps = Annotated[list[float], Field(min_length=1, max_length=100), Once]
Row = Annotated[tuple[int, int], Field(strict=False)]


#: Keys that belong elsewhere, and where.
MOVED_KEYS: Final[dict[tuple[int | str, ...], str]] = {
    ("vacancies", "bonded_to_p"): "is called bonded_to_former now; rename it",
    ("coatings",): "names several: use 'llo-dft screen' or 'llo-dft submit', or one [coating]",
}


#: Largest strain of a coating that is taken unless a study asks for more. Each nm of beta-Li3PO4
#: stores 0.085 J/m2 at 3 % both ways, and 0.134 at +1.3/-6.3 % (CHGNet 0.3.0, the normal free): as
#: much as the 0.5 J/m2 with which a whole-PO4 face adheres at 5.9 and at 3.7 nm.
HELD_STRAIN: Final = 0.03


class Section(BaseModel):
    """A table of the recipe."""

    # strict: "2" is no number and true is not 1
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Study(Section):
    """[study]: what it is called, the seed of its searches, and in how many cells it is done."""

    name: Annotated[
        str,
        matching(
            NAME_PATTERN, "at most 64 letters, digits, spaces and ._+-, first a letter or a digit"
        ),
    ]
    seed: int = Field(0, ge=0)
    replicas: int = Field(1, ge=1)  # orderings of the metals, each a study of its own
    # the first ordering again on the cell repeated so, for the effect of its width
    wider: Annotated[list[Annotated[tuple[Count, Count], Field(strict=False)]], Once] = []


class Cathode(Section):
    """[cathode]: a layered oxide, by its formula or as a crystal in a file of one's own."""

    composition: str | None = Field(None, min_length=2)  # a formula
    cif: str | None = Field(None, min_length=2)  # CIF or POSCAR, ordered or not, in any cell
    # None: the smallest that holds it, gives a slab and strains a coating little; TOML has lists
    supercell: tuple[Count, Count] | None = Field(None, strict=False)
    # or its a and b, on the hexagonal a and b of a formula's layers or on those of the file
    shape: Annotated[tuple[Row, Row], Field(strict=False)] | None = None
    # Li of a formula's TM layer on a honeycomb; lowest Ewald energy (a file's always); quasirandom
    ordering: Literal["honeycomb", "ewald", "sqs"] = "honeycomb"
    composition_tolerance: float = Field(0.05, ge=0.0, le=0.5)
    replica: int = Field(0, ge=0)  # which ordering of the metals, from the best
    repeat: tuple[Count, Count] = Field((1, 1), strict=False)  # of the ordered cell, in the plane

    @property
    def file(self) -> str | None:
        """The file that holds the crystal; None where a formula is asked for."""
        if self.cif is None and (self.composition or "").lower().endswith(".cif"):
            return self.composition
        return self.cif

    @property
    def asked(self) -> str:
        """The formula, or the name of the file."""
        return self.file or self.composition or ""

    @model_validator(mode="after")
    def _one_crystal(self) -> Cathode:
        if (self.composition is None) == (self.cif is None):
            raise ValueError('expected one of composition = "FORMULA" and cif = "FILE"')
        (a, b), (c, d) = self.shape or ((1, 0), (0, 1))
        if a * d - b * c < 1 or (self.shape and self.supercell):
            raise ValueError(
                "shape gives two right-handed vectors, for example [[2, 0], [1, 3]], in place of "
                "supercell"
            )
        return self


class Slab(Section):
    """[slab]: how the slab is cut. Lengths in angstrom."""

    miller: tuple[Index, Index, Index] = Field(
        (0, 0, 1), strict=False
    )  # hexagonal axes of the layers
    tm_layers: int = Field(2, ge=1)  # another plane's slab is at least as thick as these
    termination: str | None = Field(None, min_length=1)  # None: the best that needs no dipole
    li_termination: Literal["half"] = "half"  # what termination = None is on (001)
    symmetric: bool = True  # false: its faces may differ, which leaves a dipole
    vacuum: float = Field(15.0, ge=6.0, le=500.0)

    @property
    def is_basal(self) -> bool:
        """Whether its plane is (001), that of the layers."""
        return self.miller[:2] == (0, 0)

    @model_validator(mode="after")
    def _is_plane(self) -> Slab:
        if self.miller == (0, 0, 0):
            raise ValueError("miller = [0, 0, 0] names no plane; expected for example [1, 0, 4]")
        return self


class Coating(Section):
    """[coating]: a film of any ordered crystal on the slab, (001) unless told. In angstrom."""

    phase: str = Field(min_length=1)  # a crystal of structures/ (beta, gamma: Li3PO4), or a CIF
    setting: Literal["Pmn2_1", "Pmnb", "Pnma"] | None = None  # whose (010) of Li3PO4 is meant
    miller: tuple[Index, Index, Index] | None = Field(None, strict=False)  # on the axes of the file
    layers: int = Field(1, ge=1)
    # faces towards the oxide; None: of the film that is neutral, not polar and cuts least
    terminations: Annotated[list[str], Field(min_length=1), Once] | None = None
    max_strain: float = Field(HELD_STRAIN, gt=0.0, lt=0.5)  # all of it in the coating
    max_area: float = Field(250.0, gt=0.0, le=2000.0)  # of the cells that are looked at, A^2
    registry_spacing: float = Field(0.7, gt=0.05)
    gaps: Gaps = [0.6, 1.0, 1.4, 1.6, 1.8, 2.0, 2.2]
    keep: int = Field(1, ge=1)  # registries and gaps of each termination to relax

    @property
    def plane(self) -> tuple[int, int, int]:
        """Its plane, on the axes of the setting that is given, else of its file."""
        return (0, 1, 0) if self.setting is not None else self.miller or (0, 0, 1)

    @model_validator(mode="after")
    def _one_plane(self) -> Coating:
        if self.setting is not None and self.miller is not None:
            raise ValueError("setting and miller each name a plane; give one of them")
        return self


class Delithiation(Section):
    """[delithiation]: the lithium fractions, the pristine 1.0 always among them."""

    fractions: Annotated[list[Fraction], Field(min_length=1, max_length=1000), Once]
    symmetric: bool = False  # true: orderings keep top and bottom alike, at half the vacancies
    coated: Literal["same", "own"] = "same"  # Li that leave the coated slab: the bare one's
    voltage: Literal["bulk", "slab"] = "bulk"  # "slab": its own alone, and no delithiated crystals
    candidates: int = Field(40, ge=1)  # orderings of Li to rank; 1: the search's first, as it is
    relaxed: int = Field(3, ge=1)  # the best of them to relax; the lowest is the host
    ranker: str | None = Field(None, min_length=1)  # a potential, or "ewald"; None: the engine


class Vacancies(Section):
    """[vacancies]: which oxygens are removed."""

    # None: all that occur in those layers
    environments: Annotated[list[str] | None, Field(min_length=1), Once] = None
    layers: Annotated[list[Layer], Field(min_length=1), Once] = ["surface"]
    per_environment: int = Field(1, ge=0)
    inner: int = Field(0, ge=0)  # O as far in as there are, for reference
    bonded_to_former: int = Field(1, ge=0)  # O that the coating's former bonds to, bare ones alike
    both_faces: bool = False
    side: Literal["top", "bottom"] = "top"  # the face meant, where the two differ


class Oxygen(Section):
    """[oxygen]: the reservoir. Temperature in K, pressure in bar."""

    scheme: OxygenScheme
    oxide_kind: OxideKind = "oxide"  # what scheme mp2020 takes the removed O for
    temperature: float = Field(298.15, gt=0.0)
    pressure: float = Field(1.0, gt=0.0)


class Electronic(Section):
    """[electronic]: what to compute of the electrons, where the engine can."""

    dos: bool = False  # of every host: O 2p band centres by class
    density: bool = False  # of each pristine interface and its parts: charge density difference


class EngineChoice(Section):
    """[engine]: what computes, with which named settings.

    ``pre_relax`` names a potential that relaxes before an engine that starts a program; with the
    program's protocol "fast" that computes one point there, with others it relaxes on. With a
    ``budget`` it computes every vacancy, and the engine those that can have the lowest E_f.
    """

    name: str = Field(min_length=1)
    model: str | None = Field(None, min_length=1)  # of a potential; None: its first
    # "module:function" that returns an ASE calculator, with name = "ase"
    calculator: Annotated[str, matching(CALCULATOR_PATTERN, "module:function")] | None = None
    protocol: str = "balanced"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    overrides: dict[str, Any] = Field(default_factory=dict)
    incar: dict[str, Any] = Field(default_factory=dict)  # VASP's: tags that no protocol owns
    pre_relax: EngineChoice | None = None
    start_from: str | None = Field(None, min_length=1)  # folder of a finished study
    budget: int | None = Field(None, ge=1)  # most vacancies to compute; the others are predicted

    @model_serializer(mode="wrap")
    def _without_new_keys(self, rest: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = rest(self)
        for name in ("incar", "start_from", "budget"):
            if not fields.get(name):  # folders of before the key are those of the same study
                fields.pop(name, None)
        return fields

    @model_validator(mode="after")
    def _go_together(self) -> EngineChoice:
        if self.pre_relax is not None and self.pre_relax.pre_relax is not None:
            raise ValueError("pre_relax may not have a pre_relax of its own")
        if self.budget is not None and self.pre_relax is None:
            raise ValueError(
                f"budget = {self.budget} needs the potential that computes every vacancy first: "
                'a table [engine.pre_relax] with, for example, name = "chgnet"'
            )
        if (self.name == "ase") != (self.calculator is not None):
            raise ValueError(
                'calculator = "module:function" goes with name = "ase", and that with a calculator'
            )
        return self


class Recipe(Section):
    """A whole study."""

    study: Study
    cathode: Cathode
    slab: Slab = Slab()
    coating: Coating | None = None
    delithiation: Delithiation
    vacancies: Vacancies = Vacancies()
    oxygen: Oxygen
    electronic: Electronic = Electronic()
    engine: EngineChoice

    @model_validator(mode="after")
    def _go_together(self) -> Recipe:
        if self.cathode.shape is not None and not self.slab.is_basal:
            raise ValueError("cathode.shape is a cell of the layers: it needs miller = [0, 0, 1]")
        if self.vacancies.both_faces and not (self.delithiation.symmetric and self.slab.symmetric):
            raise ValueError(
                "vacancies.both_faces = true needs delithiation.symmetric = true and "
                "slab.symmetric = true: the two faces differ, and so would their vacancies"
            )
        if self.vacancies.both_faces and self.coating is not None:
            raise ValueError(
                "vacancies.both_faces = true does not go with [coating]: only one face is coated, "
                "and E_f would be the mean of a coated and a bare O"
            )
        asked = self.vacancies
        paired = 0 if self.coating is None else asked.bonded_to_former
        if not asked.per_environment + asked.inner + paired:
            raise ValueError(
                "vacancies.per_environment = 0 leaves no vacancy; expected at least 1, or inner, "
                "or with a [coating] bonded_to_former"
            )
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises ``InputError`` if the file is missing, is not TOML, or does not fit; one line for each
    fault.
    """
    return parse_recipe(read_toml(path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds, unchecked; an InputError if it is missing or no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # a mark may come first
    except FileNotFoundError as error:
        raise InputError(f"there is no recipe {path}") from error
    except RecursionError as error:
        raise InputError(f"{path} is nested too deeply; expected plain values") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} can't be read as TOML: {reason}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} can't be read as TOML: save it as UTF-8 ({error})") from error


def parse_recipe(fields: dict[str, Any], name: str) -> Recipe:
    """Check the fields of a recipe; ``name`` stands in messages.

    Raises ``InputError`` with one line for each fault.
    """
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        faults = [_fault(x["loc"], x["type"], x["msg"], x["input"]) for x in error.errors()]
        raise InputError("\n".join(f"{name}: {fault}" for fault in faults)) from error


def with_engine(
    recipe: Recipe,
    *,
    engine: str | None = None,
    protocol: str | None = None,
    scheme: str | None = None,
    model: str | None = None,
    start_from: str | None = None,
) -> Recipe:
    """Return the same study with another engine, model, protocol or O2 scheme.

    None keeps the recipe's; the engine "module:function" is a calculator of one's own. Model, INCAR
    tags and overrides belong to the recipe's own engine and are left behind with it.

    Raises ``InputError`` if there is no such scheme.
    """
    fields = recipe.model_dump(mode="json", exclude_none=True)
    table = fields["engine"]
    if engine not in {None, recipe.engine.name}:
        table.update(name=engine, overrides={})
        for own in ("model", "calculator", "incar"):
            table.pop(own, None)
        if engine is not None and ":" in engine:
            table.update(name="ase", calculator=engine)
    if model is not None:
        table["model"] = model
    if start_from is not None:
        table["start_from"] = start_from
    table["protocol"] = protocol or recipe.engine.protocol
    fields["oxygen"]["scheme"] = scheme or recipe.oxygen.scheme
    return parse_recipe(fields, recipe.study.name)


def _fault(location: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    where = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        if location in MOVED_KEYS:
            return f"{where} {MOVED_KEYS[location]}"
        table, key = location[:-1], location[-1]
        known = _known_keys(table)
        place = f"[{'.'.join(map(str, table))}]" if table else "the recipe"
        meant = "".join(f" (did you mean {one}?)" for one in get_close_matches(str(key), known, 1))
        return f"unknown key {key!r} in {place}; expected {', '.join(known) or 'no keys'}{meant}"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "model_type":
        return f"{where} = {value!r}: expected a table [{where}]"
    text = message.removeprefix("Value error, ")
    return f"{where} = {value!r}: {text}" if where else text


def _known_keys(table: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Recipe
    for part in table:
        annotation = model.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return sorted(model.model_fields)
