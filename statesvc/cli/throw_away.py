"""A data root that is thrown away, for dry runs where there is no database yet."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def root_to_open(data_root: Path, *, dry_run: bool) -> Iterator[Path]:
    """Yield the data root; for a dry run without a database an empty one that is thrown away."""
    from statesvc.app import DATABASE

    if dry_run and not (data_root / DATABASE).exists():
        with tempfile.TemporaryDirectory(prefix="statesvc-dry-run-") as empty:
            yield Path(empty)
    else:
        yield data_root
