"""The command line `cxr`: finds its commands, and turns an error into one sentence and a code."""

import importlib
import os
import pkgutil
import sys
from types import ModuleType

import typer

from helpers.core.errors import SuiteError
from helpers.suite import commands
from helpers.suite.console import errors

app = typer.Typer(
    name="cxr",
    help="Chest X-ray notebooks: education and research, never a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    if debug:
        os.environ["CXR_DEBUG"] = "1"


def register(module: ModuleType) -> None:
    """Add one module of `commands`: its `app` (a group) or the function of its own name."""
    name = module.__name__.rpartition(".")[2]
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name)(getattr(module, name))


for found in sorted(module.name for module in pkgutil.iter_modules(commands.__path__)):
    register(importlib.import_module(f"{commands.__name__}.{found}"))


def main() -> None:
    """Run one command; exit 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C."""
    debug = "--debug" in sys.argv
    # --debug may stand anywhere, as people type it last.
    sys.argv[1:] = ["--debug"] * debug + [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app()
    except SuiteError as error:
        _stop(error, str(error), error.exit_code)
    except KeyboardInterrupt:
        errors.print("Stopped; the same command goes on from here.")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _stop(error, f"Unexpected {type(error).__name__}: {error} (--debug shows where)", 1)


def _stop(error: Exception, sentence: str, code: int) -> None:
    if os.environ.get("CXR_DEBUG"):
        raise error
    errors.print(f"[red]cxr:[/red] {_plain(sentence)}")
    sys.exit(code)


def _plain(text: str) -> str:
    """Text as it is: what stands in square brackets is not a colour."""
    return text.replace("[", r"\[")


if __name__ == "__main__":
    main()
