"""statesvc: the durable state plane of a container engine, in one SQLite database.

`open_data_root` opens it inside an engine's own process; it is imported on first access.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statesvc.embedded import open_data_root

__all__ = ["__version__", "open_data_root"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name != "open_data_root":
        raise AttributeError(f"module 'statesvc' has no attribute {name!r}")
    return getattr(import_module("statesvc.embedded"), name)
