from __future__ import annotations

import importlib
import inspect
import pkgutil

import llo_dft
from llo_dft.errors import CalculationError, InputError, printable


def test_the_command_line_can_tell_bad_input_from_a_calculation_that_failed() -> None:
    assert issubclass(InputError, ValueError)
    assert not issubclass(CalculationError, ValueError)
    assert str(InputError("layers = 0: expected 1 or more")) == "layers = 0: expected 1 or more"


def test_what_a_message_quotes_does_not_steer_the_terminal() -> None:
    assert str(InputError("name \x1b[2J\x07 \x9b31m\r of\ta\nfile")) == (
        r"name \x1b[2J\x07 \x9b31m\x0d of" + "\ta\nfile"
    )
    assert printable("Å, ü and 日本") == "Å, ü and 日本"


def test_a_failed_calculation_keeps_what_was_corrected() -> None:
    error = CalculationError("no forces", iter(["ALGO was set to All"]))
    assert str(error) == "no forces"
    assert error.corrections == ["ALGO was set to All"]
    assert CalculationError("no forces").corrections == []


def test_what_a_builder_or_an_analysis_refuses_is_bad_input() -> None:
    """A bare ValueError subclass would reach the user as a traceback."""
    others = []
    for room in ("builders", "analysis", "chemistry", "runs", "recipe"):
        package = importlib.import_module(f"llo_dft.{room}")
        modules = [package] + [
            importlib.import_module(found.name)
            for found in pkgutil.walk_packages(
                getattr(package, "__path__", []), prefix=f"{package.__name__}."
            )
        ]
        for module in modules:
            for name, one in inspect.getmembers(module, inspect.isclass):
                if (
                    issubclass(one, Exception)
                    and one.__module__.startswith(llo_dft.__name__)
                    and not issubclass(one, InputError | CalculationError)
                ):
                    others.append(f"{module.__name__}.{name}")
    assert others == []
