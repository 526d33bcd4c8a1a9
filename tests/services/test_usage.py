import hashlib
import json

import pytest

from statesvc.api.listing import rendered
from statesvc.app import Services
from statesvc.db import images
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.services.usage import DiskUsage

pytestmark = pytest.mark.anyio


def record(conn: Connection, size: int, layers: str, number: int) -> str:
    """Record an image of these layers; return its ID."""
    diff_ids = [f"sha256:{layer * 64}" for layer in layers]
    raw = json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}, "comment": str(number)}).encode()
    image_id = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    images.put(conn, Image(image_id, raw, size, 0, None))
    return image_id


@pytest.mark.parametrize(
    ("made", "layers", "shared"),
    [
        pytest.param([(10, "a")], 10, [0], id="one"),
        pytest.param([(10, "a"), (5, "b")], 15, [0, 0], id="apart"),
        pytest.param([(10, "a"), (15, "ab")], 15, [10, 10], id="built-on-it"),
        pytest.param([(10, "a"), (15, "ab"), (18, "ac"), (20, "abc")], 28, [10, 15, 10, 15], id="a-tree"),
        pytest.param([(15, "ab"), (18, "ac")], 33, [None, None], id="parted-where-no-image-ends"),
        pytest.param([(10, "a"), (10, "a")], 10, [10, 10], id="the-same-layers"),
        pytest.param([(0, ""), (10, "a")], 10, [0, 0], id="no-layers"),
    ],
)
async def test_what_images_share_counts_once(
    services: Services, made: list[tuple[int, str]], layers: int, shared: list[int | None]
) -> None:
    def fill(conn: Connection) -> list[str]:
        return [record(conn, size, names, number) for number, (size, names) in enumerate(made)]

    ids = await services.database.write(fill)
    usage = (await DiskUsage(services.database, services.listing).all(rendered(0))).before
    assert usage.layers == layers
    assert [usage.shared[image_id].shared for image_id in ids] == shared
