"""What the sizes of images tell of their layers."""

import pytest

from statesvc.services.images.layers import LayerSizes, chain_ids, common, shared_sizes

ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64


def layers(names: str) -> tuple[str, ...]:
    return tuple(names)


def test_a_chain_id_stands_for_a_layer_and_all_below_it() -> None:
    # sha256 of "<chain below> <diff ID>", as the OCI image specification has it.
    assert chain_ids((ONE, TWO)) == [ONE, "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5"]
    assert chain_ids(()) == []


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("abc", "abd", 2), ("ab", "abc", 2), ("", "a", 0), ("a", "b", 0), ("aa", "aa", 2), ("ba", "a", 0)],
)
def test_what_two_images_have_in_common_begins_at_the_lowest_layer(one: str, other: str, count: int) -> None:
    assert common(layers(one), layers(other)) == count


@pytest.mark.parametrize(
    ("images", "sizes"),
    [
        pytest.param({"a": 5}, {"a": 5}, id="one"),
        pytest.param({"ab": 5}, {"a": None, "b": None}, id="two-at-once"),
        pytest.param({"a": 5, "abc": 9}, {"a": 5, "b": None, "c": None}, id="two-on-one"),
        pytest.param({"a": 5, "ab": 7, "abc": 7}, {"a": 5, "b": 2, "c": 0}, id="one-after-the-other"),
        pytest.param({"ab": 7, "abc": 9}, {"a": None, "b": None, "c": 2}, id="the-upper-one"),
        pytest.param({"a": 5, "ba": 7}, {"a": 5, "b": 2}, id="the-same-elsewhere"),
        pytest.param({"aa": 6}, {"a": 3}, id="twice"),
        pytest.param({"aa": 7}, {"a": None}, id="twice-and-odd"),
        pytest.param({"abc": 0}, {"a": 0, "b": 0, "c": 0}, id="nothing"),
        pytest.param({"a": 5, "ab": 3}, {"a": 5, "b": None}, id="less-than-its-base"),
        pytest.param({"cba": 9, "cb": 5, "b": 2}, {"a": 4, "b": 2, "c": 3}, id="from-the-smallest-to-the-largest"),
    ],
)
def test_a_layers_size_follows_from_images_that_differ_by_it(images: dict[str, int], sizes: dict[str, int]) -> None:
    known = LayerSizes((layers(names), size) for names, size in images.items())

    assert {name: known.of(name) for name in sizes} == sizes


@pytest.mark.parametrize(
    ("names", "total"), [("ab", 7), ("abc", 9), ("abd", None), ("a", None), ("", 0), ("c", 2), ("cc", 4)]
)
def test_the_sum_of_layers_is_an_images_or_follows(names: str, total: int | None) -> None:
    known = LayerSizes([(layers("ab"), 7), (layers("abc"), 9)])

    assert known.total(layers(names)) == total


def test_images_share_what_lies_below_the_layer_where_they_part() -> None:
    images = [("a", 5), ("ab", 7), ("ac", 9), ("abd", 9), ("x", 3), ("yz", 4), ("yw", 4), ("", 0)]

    assert shared_sizes([(layers(names), size) for names, size in images]) == [5, 7, 5, 7, 0, None, None, 0]
