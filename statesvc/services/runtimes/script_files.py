"""The folder of the wrapper scripts, compared with what the database holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from statesvc.db.scripts import HeldScript
from statesvc.domain.wrapper_script import digest_of, file_name
from statesvc.host.scripts import ScriptFolder


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """The file of a script that is held: what is wrong with it, and whether the database has the script whole."""

    name: str
    script: HeldScript
    because: str | None
    whole: bool


def compared(folder: ScriptFolder, held: Iterable[HeldScript]) -> tuple[list[ScriptFile], list[str]]:
    """Return the file of each held script, "missing" and "altered" ones too, and the names of those nothing holds."""
    wanted = {file_name(one.runtime_name, one.digest): one for one in held}
    files = [
        ScriptFile(name, one, folder.missing_or_altered(name, one.digest), digest_of(one.content) == one.digest)
        for name, one in wanted.items()
    ]
    return files, [name for name in folder.names() if name not in wanted]
