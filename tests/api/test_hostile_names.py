"""Names that try to be something else: NUL, bytes that are no text, SQL, paths, far too long."""

import pytest
from service import Service

HOSTILE = {
    "nul": "%00",
    "nul-inside": "a%00b",
    "invalid-utf-8": "%ff%fe",
    "overlong-utf-8": "%c0%af",
    "surrogate": "%ed%a0%80",
    "60-kb": "a" * 60_000,
    "60-kb-of-hex": "0" * 60_000,
    "newline": "a%0ab",
    "header-injection": "a%0d%0aSet-Cookie:%20x",
    "dots": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "sql": "'%3b%20DROP%20TABLE%20containers%3b--",
    "wildcards": "%25_%2a",
    "slash": "%2f",
    "emoji": "%f0%9f%90%b3",
    "format": "{0.__class__}%25s",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/containers/{}/json"),
        ("DELETE", "/containers/{}"),
        ("GET", "/images/{}/json"),
        ("DELETE", "/images/{}"),
    ],
)
def test_a_hostile_name_in_a_path_is_refused(service: Service, method: str, path: str, name: str) -> None:
    answer = service.call(method, path.format(name))
    # A path with empty or dot segments is sent to the cleaned one, as Docker does.
    assert answer.status == 301 or answer.is_refusal(400, 404)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_of_a_new_container_is_refused_or_harmless(service: Service, name: str) -> None:
    answer = service.call("POST", f"/containers/create?name={name}", {"Image": "busybox:latest"})
    # Docker sets no limit to the length of a name.
    assert (name.isalnum() and answer.status in {201, 409}) or answer.is_refusal(400)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_new_name_is_refused_or_harmless(service: Service, name: str) -> None:
    container = service.create()
    answer = service.call("POST", f"/containers/{container}/rename?name={name}")
    assert (name.isalnum() and answer.status in {204, 409}) or answer.is_refusal(400)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("path", ["/images/busybox/tag?repo={}", "/images/create?fromSrc=-&repo={}"])
def test_a_hostile_image_reference_is_refused(service: Service, path: str, name: str) -> None:
    answer = service.call("POST", path.format(name), b"")
    assert answer.is_refusal(400)
