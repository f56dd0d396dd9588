"""The names of calculations, systems, flags and files of a study, spelt nowhere else."""

from typing import Final

from llo_dft.typing import Part, System, VoltageSystem

#: Labels of the references: O2, Li metal and the oxide's crystal. A coating's is its formula.
OXYGEN: Final = "O2"
LITHIUM: Final = "Li"
BULK: Final = "bulk"

#: Miller index of the plane of the layers, on hexagonal axes; results store only other planes.
BASAL: Final = (0, 0, 1)

#: Ending of the labels of what a potential computes to rank vacancies or places of a former.
BY_POTENTIAL: Final = "_potential"

#: Ending of a structure check's flag of moments that turned over while others did not.
TURNED: Final = "turned against the others"

#: Beginnings of the labels that a study with another coating lacks.
OF_ONE_COATING: Final = ("coated_", "interface_")


def host_label(system: System, lithium_fraction: float, termination: str | None = None) -> str:
    """Return the label of a host."""
    name = system if termination is None else f"{system}_{termination}"
    return f"{name}_x{lithium_fraction:.4f}"


def bulk_label(lithium_fraction: float, order: int = 0) -> str:
    """Return the label of the oxide's crystal with some Li removed; order 0 is the lowest."""
    return f"{BULK}_x{lithium_fraction:.4f}" + f"_{order}" * bool(order)


def ranking_label(host: str) -> str:
    """Return the label of the ranking of a host's orderings of Li."""
    return f"{host}_ranking"


def ordering_label(host: str, order: int) -> str:
    """Return the label of one relaxed ordering of a host's Li; 0 is the best ranked."""
    return f"{host}_ordering_{order}"


def revisited_label(host: str) -> str:
    """Return the label of a host that starts from the Li arrangement of one of its vacancies."""
    return f"{host}_revisited"


def vacancy_label(host: str, pair: str) -> str:
    """Return the label of a vacancy, from its host's and the identity of its site."""
    return f"{host}_vac_{pair}"


def potential_label(label: str) -> str:
    """Return the label of a host or vacancy computed by the potential that chooses or ranks."""
    return f"{label}{BY_POTENTIAL}"


def is_by_potential(label: str) -> bool:
    """Tell whether a label is ``potential_label``'s, or of one of several starts of it."""
    return label.partition(", ")[0].endswith(BY_POTENTIAL)


def static_label(host: str, part: Part | None = None) -> str:
    """Return the label of a single point of a relaxed host, or of one part of it."""
    return f"{host}_static" if part is None else f"{host}_{part}_static"


def interface_label(termination: str, rank: int) -> str:
    """Return the label of one registry and gap of a termination; rank 0 is the best."""
    return f"interface_{termination}_{rank}"


def part_label(termination: str, part: Part) -> str:
    """Return the label of one part of an interface, relaxed alone."""
    return f"interface_{termination}_{part}"


def pair_name(site: int, bare_site: int | None) -> str:
    """Return the readable name of a coated O and of the bare O, if that is another one."""
    return f"O{site}" if bare_site is None else f"O{site} (O{bare_site} bare)"


def system_name(system: VoltageSystem, termination: str | None) -> str:
    """Return the readable name of a system: "bare", or "coated, PO4-whole"."""
    return system if termination is None else f"{system}, {termination}"


def relaxed_file(label: str) -> str:
    """Return the file of a relaxed structure, relative to the study's folder."""
    return f"relaxed/{label}.cif"


def density_of_states_file(host: str) -> str:
    """Return the figure of a host's densities of states, relative to the study's folder."""
    return f"dos_{host}.png"


def charge_difference_folder(termination: str) -> str:
    """Return the folder of a termination's charge difference, relative to the study's folder."""
    return f"charge_difference_{termination}"
