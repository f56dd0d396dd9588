"""Tables for a terminal: numbers to the right, text folded where it is long."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Column, Table

from llo_dft.report.titles import MOCK

#: Width of a table that does not go to a terminal, characters.
_FILE_WIDTH: Final = 120

#: A row that is drawn as a line between the rows before and after it.
RULE: tuple[str, ...] = ()


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Print a table; a header that begins with "<" is of a column of text.

    Brackets in a cell are printed as they are. An empty row (``RULE``) draws a line.
    """
    columns = [
        Column(name[1:], overflow="fold")
        if name[:1] == "<"
        else Column(name, justify="right", no_wrap=True)
        for name in headers
    ]
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        if row:
            table.add_row(*row)
        else:
            table.add_section()
    console = Console(highlight=False, markup=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, _FILE_WIDTH)
    console.print(table)


def print_mock(*, mock: bool) -> None:
    """Print in red that the numbers are those of a stand-in."""
    if mock:
        Console(highlight=False).print(MOCK, style="bold red")


def number(value: float | None, decimals: int = 3, *, sign: bool = False, none: str = "-") -> str:
    """Return a number in so many decimals; ``none`` where there is none."""
    return none if value is None else f"{value:{'+' * sign}.{decimals}f}"
