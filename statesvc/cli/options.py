"""The options that several commands have, and the settings that follow from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.errors import InvalidParameter

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from statesvc.settings import Settings

DataRootOption = Annotated[Path | None, typer.Option("--data-root", readable=False, help="Folder of the database.")]
ConfigFileOption = Annotated[Path | None, typer.Option("--config-file", help="Docker's daemon.json.")]
HostFactsOption = Annotated[Path | None, typer.Option("--host-facts", help="Facts to use instead of this host's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_settings(**given: object) -> "Settings":
    """Return the settings with the options that were given. Raises InvalidParameter for values that cannot be."""
    from pydantic import ValidationError

    from statesvc.settings import Settings

    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(chosen)
    except ValidationError as error:
        wrong = "; ".join(map(_sentence, error.errors()))
        raise InvalidParameter(f"the settings are wrong: {wrong}") from None


def _sentence(wrong: "ErrorDetails") -> str:
    field = ".".join(map(str, wrong["loc"]))
    if wrong["type"] == "value_error":  # a sentence of our own, which has the value
        return f"{field}: {wrong['msg'].removeprefix('Value error, ')}"
    return f"{field}: {wrong['msg']}, not {str(wrong['input'])[:80]!r}"
