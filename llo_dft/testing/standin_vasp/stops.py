"""How a run ends early: what VASP says of input it can't use, and how it dies."""

from __future__ import annotations

import textwrap

#: Characters between the borders of VASP's boxes.
_WIDTH = 77

#: What precedes VASP's last words on input that it refuses.
REFUSAL = "I REFUSE TO CONTINUE WITH THIS SICK JOB ... BYE!!!"


class VaspStop(Exception):  # noqa: N818 (it is no error of this program)
    """VASP stops by itself.

    Attributes
    ----------
    text
        What it prints on standard output and into OUTCAR.
    status
        Its exit status.
    """

    def __init__(self, text: str, status: int = 1) -> None:
        self.text = text
        self.status = status
        super().__init__(text)


class InputRefused(VaspStop):
    """Input that VASP refuses, in its box."""

    def __init__(self, *paragraphs: str) -> None:
        super().__init__(boxed("ERROR", [*paragraphs, f"---->  {REFUSAL}  <----"]))


class NotDone(VaspStop):
    """Something that VASP does and this stand-in doesn't: no result is better than a wrong one."""

    def __init__(self, what: str) -> None:
        super().__init__(boxed("STAND-IN", [f"This stand-in for VASP does not do {what}."]))


def boxed(kind: str, paragraphs: list[str]) -> str:
    """Return text in a box, as VASP prints errors and warnings."""
    edge = " " + "-" * _WIDTH
    lines = [f"     {kind}", ""]
    for paragraph in paragraphs:
        lines += textwrap.wrap(
            paragraph, _WIDTH - 10, initial_indent=" " * 5, subsequent_indent=" " * 5
        )
        lines.append("")
    body = "\n".join(f"|{line:<{_WIDTH}}|" for line in lines)
    return f"{edge}\n{body}\n{edge}\n"


def reading_item(name: str, n_expected: int | None = None, n_found: int | None = None) -> VaspStop:
    """Return the stop at a value of INCAR that can't be read."""
    said = [f"Error reading item '{name}' from file INCAR."]
    if n_expected is None:
        said.append("Error code was IERR= 5 ...")
    else:
        said.append(f"Error code was IERR= 0 ... . Found N= {n_found} data, expected {n_expected}.")
    return InputRefused(*said)
