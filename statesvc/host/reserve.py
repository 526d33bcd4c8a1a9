"""A file that keeps some room on the disk: it is given up when the disk is full, so that the service can start."""

import errno
import os
from contextlib import suppress

from statesvc.host import files
from statesvc.host.data_root import DataRoot

SIZE = 128 * 1024


def give_up(root: DataRoot) -> None:
    """Remove the reserve. The caller holds the data root."""
    with suppress(OSError):
        root.reserve.unlink()


def keep(root: DataRoot) -> None:
    """Make the reserve if it is not there and the disk has room for it. The caller holds the data root."""
    if root.reserve.exists():
        return
    try:
        descriptor = files.open_file(root.reserve, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except OSError:
        return
    try:
        os.posix_fallocate(descriptor, 0, SIZE)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            give_up(root)
    finally:
        os.close(descriptor)
