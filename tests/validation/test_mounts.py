"""Which mounts follow from a request, and what is wrong with them."""

import pytest
from verdicts import Judge, told

from statesvc.domain.documents import Config
from statesvc.errors import InvalidParameter
from statesvc.validation import Context, completion

WITHOUT_DRIVER = [("volume-driver", "/HostConfig/VolumeDriver")]


def test_an_anonymous_volume_needs_its_driver(judge: Judge) -> None:
    assert told(judge({"VolumeDriver": "nope"}, Volumes={"/data": {}})) == WITHOUT_DRIVER
    assert told(judge({"VolumeDriver": "local"}, Volumes={"/data": {}})) == []


@pytest.mark.parametrize(
    "host", [{}, {"Tmpfs": {"/data": ""}}, {"Binds": ["/tmp:/data"]}], ids=["none", "tmpfs", "bind"]
)
def test_a_driver_that_makes_no_volume_may_be_any(judge: Judge, host: dict[str, object]) -> None:
    volumes = {"/data": {}} if host else {}
    assert told(judge({"VolumeDriver": "nope", **host}, Volumes=volumes)) == []


def test_a_volume_of_the_image_needs_its_driver(judge: Judge, context: Context) -> None:
    verdict = judge({"VolumeDriver": "nope"})
    merged = completion.merged(verdict, Config(Cmd=["sh"], Volumes={"/data": {}}))
    with pytest.raises(InvalidParameter) as caught:
        completion.complete(verdict, merged, "1" * 64, context, lambda: "f" * 64)
    assert [problem.field for problem in caught.value.problems] == ["/HostConfig/VolumeDriver"]
