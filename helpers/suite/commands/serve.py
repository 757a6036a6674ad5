"""`cxr serve`: a run as web page and REST service; its tokens; the feedback it kept."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from helpers.core.errors import UsageError
from helpers.suite.console import console, errors

app = typer.Typer(
    help="Serve a run as a web page and REST service.",
    invoke_without_command=True,
    no_args_is_help=False,
)
token = typer.Typer(help="Who may come in, where the server is not open.", no_args_is_help=True)
feedback = typer.Typer(help="What analysts left with the server.", no_args_is_help=True)
app.add_typer(token, name="token")
app.add_typer(feedback, name="feedback")


@app.callback()
def serve(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Option(envvar="CXR_RUN", help="The run whose model is served.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    root_path: Annotated[str, typer.Option(help="Path under which a proxy shows it.")] = "",
    require_token: Annotated[
        bool, typer.Option(help="Ask for tokens here too, as behind a reverse proxy.")
    ] = False,
    container: Annotated[
        bool,
        typer.Option(
            envvar="CXR_CONTAINER", help="SageMaker's /ping and /invocations only, at 0.0.0.0:8080."
        ),
    ] = False,
    upload_mb: Annotated[int, typer.Option(help="Largest upload in MB.", min=1, max=1024)] = 64,
    rate: Annotated[int, typer.Option(help="Requests a minute of one client.", min=1)] = 600,
    uncertain_below: Annotated[
        float, typer.Option(help="Less confidence is shown as uncertain.", min=0, max=1)
    ] = 0.7,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS key (PEM).")] = None,
) -> None:
    """Serve until Ctrl-C. Open on this machine only; elsewhere every request needs a token."""
    if context.invoked_subcommand:
        return
    if run is None:
        raise UsageError("Say which run to serve: cxr serve --run NAME.")
    from helpers.app.server import application
    from helpers.app.server.settings import MEGABYTE, ServerSettings
    from helpers.core.runs import existing_run

    settings = ServerSettings(
        run=existing_run(run, "model/model.tflite").name,
        host="0.0.0.0" if container else host,  # noqa: S104 (a container's only address)
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")) if container else port,
        root_path=plain_root(root_path),
        require_token=require_token,
        container=container,
        upload_bytes=upload_mb * MEGABYTE,
        requests_a_minute=rate,
        uncertain_below=uncertain_below,
    )
    _log_to_stderr()
    application.serve(
        settings,
        lambda address: _say_ready(settings, address, certificate is not None),
        certificate and str(certificate),
        key and str(key),
    )


def plain_root(root_path: str) -> str:
    """`/proxy/8000` from any spelling of it; empty for none."""
    path = root_path.strip("/")
    return f"/{path}" if path else ""


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S"
    )
    logging.getLogger("cxr").setLevel(logging.INFO)


def _say_ready(settings, address: str, encrypted: bool) -> None:
    console.print(f"Run {settings.run} is served at {address} (Ctrl-C stops).", markup=False)
    if settings.open:
        return
    console.print("Every request needs a token: `cxr serve token add NAME --role analyst`.")
    if not encrypted:
        errors.print(
            "Tokens and films travel unencrypted: use --certificate and --key, or a TLS proxy."
        )


@token.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Whose token it is.")],
    role: Annotated[str, typer.Option(help="analyst or reviewer.")],
) -> None:
    """Make a token and print it: this is the only time it is shown."""
    from helpers.app.server.tokens import TokenBook

    print(TokenBook().add(name, role))


@token.command("list")
def list_tokens() -> None:
    """Names, roles and dates; the tokens themselves are kept nowhere."""
    from helpers.app.server.tokens import TokenBook

    for name, role, made in TokenBook().entries():
        console.print(f"{name}  {role}  {made}", markup=False)


@token.command("revoke")
def revoke_token(name: Annotated[str, typer.Argument(help="Whose token it was.")]) -> None:
    """Forget a token; its sessions end at once."""
    from helpers.app.server.tokens import TokenBook

    TokenBook().revoke(name)
    console.print(f"The token '{name}' is revoked.", markup=False)


@feedback.command()
def export() -> None:
    """Print all feedback as CSV."""
    from helpers.app.server.feedback import FeedbackBook, to_csv

    print(to_csv(FeedbackBook().records()), end="")


@feedback.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Copy all feedback to a file, while the server goes on."""
    from helpers.app.server.feedback import FeedbackBook

    console.print(f"Records in {file}: {FeedbackBook().backup(file):,}.", markup=False)


@feedback.command()
def restore(file: Annotated[Path, typer.Argument(help="A file made by backup.")]) -> None:
    """Bring back the records of a backup; what was kept since then stays."""
    from helpers.app.server.feedback import FeedbackBook

    console.print(f"Records that came back: {FeedbackBook().restore(file):,}.", markup=False)
