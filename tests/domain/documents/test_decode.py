"""The decoder reads what Go's encoding/json reads, refuses what it refuses, and says where."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.documents.decode import decode
from statesvc.domain.limits import MIB
from statesvc.errors import InvalidParameter, Problem, TooLarge


def refusal(body: bytes) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as refused:
        decode(ContainerCreate, body)
    return refused.value


def config_of(body: bytes) -> Config:
    config = decode(ContainerCreate, body).config
    assert config is not None
    return config


ACCEPTED = {
    "field names in any case": (b'{"iMAGE":"web"}', {"Image": "web"}),
    "the kelvin sign in a name": ('{"Networ\u212aDisabled":true}'.encode(), {"NetworkDisabled": True}),
    "the long s in a name": ('{"U\u017fer":"me"}'.encode(), {"User": "me"}),
    "an escaped field name": (b'{"\\u0049mage":"web"}', {"Image": "web"}),
    "the last spelling wins": (b'{"Image":"a","image":"b"}', {"Image": "b"}),
    "the last duplicate wins": (b'{"Image":"a","Image":"b"}', {"Image": "b"}),
    "a duplicate null leaves a string": (b'{"Image":"a","Image":null}', {"Image": "a"}),
    "a duplicate null clears a list": (b'{"Image":"a","Env":["A=1"],"Env":null}', {"Image": "a"}),
    "a duplicate list replaces": (b'{"Env":["A=1","B=2"],"Env":["C=3"]}', {"Env": ["C=3"]}),
    "a duplicate map merges": (b'{"Labels":{"a":"1","b":"1"},"labels":{"b":"2"}}', {"Labels": {"a": "1", "b": "2"}}),
    "a map with a key twice": (b'{"Labels":{"a":"1","a":"2"}}', {"Labels": {"a": "2"}}),
    "a duplicate null clears a map": (b'{"Image":"a","Labels":{"a":"1"},"Labels":null}', {"Image": "a"}),
    "map keys keep their case": (b'{"Labels":{"a":"1","A":"2"}}', {"Labels": {"a": "1", "A": "2"}}),
    "null is the zero value": (b'{"Image":null,"Tty":null,"Healthcheck":null}', {}),
    "a null element is an empty string": (b'{"Env":[null]}', {"Env": [""]}),
    "a null map value is an empty string": (b'{"Labels":{"a":null}}', {"Labels": {"a": ""}}),
    "minus zero": (b'{"StopTimeout":-0}', {"StopTimeout": 0}),
    "the largest integer": (b'{"StopTimeout":9223372036854775807}', {"StopTimeout": 2**63 - 1}),
    "unknown fields of any kind": (b'{"Image":"a","X":1e999,"Y":[{}],"x":null}', {"Image": "a"}),
    "an unknown integer of any length": (b'{"Image":"a","X":' + b"9" * 5000 + b"}", {"Image": "a"}),
    "NUL in a string": (b'{"Image":"a\\u0000b"}', {"Image": "a\0b"}),
    "each wrong byte is one replacement": (b'{"Image":"\xe2\x82!\xff"}', {"Image": "\ufffd\ufffd!\ufffd"}),
    "a lone surrogate": (b'{"Image":"\\ud800\\u0041\\uDC00"}', {"Image": "\ufffdA\ufffd"}),
    "a pair of surrogates": (b'{"Image":"\\ud83d\\ude00"}', {"Image": "\U0001f600"}),
    "an escaped backslash before u": (b'{"Image":"\\\\ud800"}', {"Image": "\\ud800"}),
    "space around": (b' \r\n\t{"Image":"a"} \n', {"Image": "a"}),
    "a closing bracket after the end": (b'{"Image":"a"} ]x', {"Image": "a"}),
    "a closing brace after the end": (b'{"Image":"a"}}', {"Image": "a"}),
}


@pytest.mark.parametrize(("body", "fields"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_go_reads_is_read_alike(body: bytes, fields: dict[str, Any]) -> None:
    assert config_of(body) == Config(**fields)


def test_a_duplicate_document_merges_field_by_field() -> None:
    first = b'"HostConfig":{"Memory":1,"LogConfig":{"Type":"x"}}'
    second = b'"hostConfig":{"CpuShares":2,"logconfig":{"Config":{"a":"b"}}}'
    body = b"{" + first + b"," + second + b"}"
    assert decode(ContainerCreate, body).host_config == HostConfig(
        Memory=1, CpuShares=2, LogConfig={"Type": "x", "Config": {"a": "b"}}
    )


def test_null_clears_a_duplicate_pointer_and_leaves_a_duplicate_struct() -> None:
    assert decode(ContainerCreate, b'{"HostConfig":{"Memory":1},"HostConfig":null}').host_config is None
    host = decode(HostConfig, b'{"RestartPolicy":{"Name":"always"},"RestartPolicy":null}')
    assert host.RestartPolicy.Name == "always"


WRONG_TYPES = {
    "a fraction": (b'{"StopTimeout":1.0}', "/StopTimeout", 1.0),
    "an exponent": (b'{"StopTimeout":1e3}', "/StopTimeout", 1000.0),
    "a boolean for an integer": (b'{"StopTimeout":true}', "/StopTimeout", True),
    "a string for an integer": (b'{"StopTimeout":"1"}', "/StopTimeout", None),
    "an integer beyond 64 bits": (b'{"StopTimeout":9223372036854775808}', "/StopTimeout", None),
    "an integer of 5,000 digits": (b'{"StopTimeout":' + b"9" * 5000 + b"}", "/StopTimeout", None),
    "an integer of 3,000 digits": (b'{"StopTimeout":-' + b"9" * 3000 + b"}", "/StopTimeout", None),
    "a weight beyond 16 bits": (b'{"HostConfig":{"BlkioWeight":65536}}', "/HostConfig/BlkioWeight", 65536),
    "a negative unsigned integer": (b'{"HostConfig":{"ConsoleSize":[-1,2]}}', "/HostConfig/ConsoleSize/0", -1),
    "a number in the environment": (b'{"Env":["A=1",42]}', "/Env/1", None),
    "a number in a command": (b'{"Cmd":["a",1]}', "/Cmd/1", None),
    "an object for a command": (b'{"Cmd":{"a":1}}', "/Cmd", None),
    "a field name in another case": (b'{"hostconfig":{"ULIMITS":[{"name":1}]}}', "/HostConfig/Ulimits/0/Name", None),
    "a map key with a slash": (b'{"ExposedPorts":{"80/tcp":"x"}}', "/ExposedPorts/80~1tcp", None),
    "a list for a document": (b'{"HostConfig":[]}', "/HostConfig", None),
    "a wrong value replaced later": (b'{"Image":1,"Image":"a"}', "/Image", None),
    "a wrong document replaced later": (b'{"HostConfig":"x","HostConfig":{}}', "/HostConfig", None),
    "a wrong map value replaced later": (b'{"Labels":{"a":1,"a":"x"}}', "/Labels/a", None),
    "a list at the top": (b"[]", "", None),
    "a string at the top": (b'"x"', "", None),
    "a number at the top": (b"1", "", None),
    "a wrong type before trailing text": (b'{"Image":1}x', "/Image", None),
}


@pytest.mark.parametrize(("body", "field", "value"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_a_value_of_the_wrong_type_is_refused_by_its_path(body: bytes, field: str, value: object) -> None:
    (problem,) = refusal(body).problems
    assert (problem.code, problem.field, problem.value) == ("type", field, value)
    assert refusal(body).message == f"invalid JSON: {problem.message}"


def test_every_wrong_value_is_reported_in_the_order_of_the_document() -> None:
    error = refusal(b'{"HostConfig":{"Memory":"x","Binds":1},"Tty":0.5,"Image":[]}')
    assert error.problems == (
        Problem("type", "/Tty", "/Tty: expected a boolean, found a number"),
        Problem("type", "/Image", "/Image: expected a string, found an array"),
        Problem("type", "/HostConfig/Binds", "/HostConfig/Binds: expected an array, found a number"),
        Problem("type", "/HostConfig/Memory", "/HostConfig/Memory: expected an integer, found a string"),
    )


def test_a_refused_number_is_named_where_a_number_is_wanted() -> None:
    assert "found the number 99999999999999999999" in refusal(b'{"StopTimeout":99999999999999999999}').message
    assert "found the number 0.5" in refusal(b'{"StopTimeout":0.5}').message


def test_a_refused_secret_is_not_repeated() -> None:
    error = refusal(b'{"Env":[12345],"Labels":{"a":67890},"StopTimeout":"hunter2"}')
    shown = repr((error.message, error.problems))
    assert not [secret for secret in ("12345", "67890", "hunter2") if secret in shown]


def test_a_flood_of_mistakes_is_counted_not_listed() -> None:
    error = refusal(b'{"Env":[' + b"1," * 1999 + b"1]}")
    assert len(error.problems) == 1000
    assert error.message.endswith("; and 1995 more")


SYNTAX = {
    "nothing": (b"", "got EOF while reading request body"),
    "only space": (b" \n", "got EOF while reading request body"),
    "a text cut in a string": (b'{"Image":"bus', "unexpected end of the text after line 1, column 10"),
    "a text cut after a key": (b'{"Image"', "unexpected end of the text after line 1, column 9"),
    "a text cut in a word": (b'{"Tty":tr', "unexpected end of the text after line 1, column 8"),
    "a text cut in a number": (b'{"Tty":1.', "unexpected end of the text after line 1, column 9"),
    "a trailing comma": (b'{"Image":"a",}', "at line 1, column"),
    "single quotes": (b"{'Image':'a'}", "no key in double quotes at line 1, column 2"),
    "a byte order mark": ('\ufeff{"Image":"a"}'.encode(), "no value at line 1, column 1"),
    "NaN": (b'{"Image":"NaN",\n"X":NaN}', "no value at line 2, column 5"),
    "minus infinity": (b'{"X":-Infinity}', "no value at line 1, column 6"),
    "NaN after a long integer": (b'{"X":' + b"1" * 5000 + b',"Y":NaN}', "no value at line 1"),
    "a control character": (b'{"Image":"a\tb"}', "control character in a string at line 1, column 12"),
    "an unknown escape": (b'{"Image":"\\x41"}', "invalid escape in a string at line 1"),
    "a leading zero": (b'{"StopTimeout":01}', "no comma at line 1, column 17"),
    "a plus sign": (b'{"StopTimeout":+1}', "no value at line 1, column 16"),
    "a missing colon": (b'{"Image" "a"}', "no colon at line 1, column 10"),
    "nested too deeply": (b'{"X":' + b"[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize(("body", "reason"), SYNTAX.values(), ids=SYNTAX)
def test_what_is_no_json_is_refused_with_its_place(body: bytes, reason: str) -> None:
    message = refusal(body).message
    assert message.startswith("invalid JSON: ")
    assert reason in message


@pytest.mark.parametrize("rest", [b"x", b"{}", b"//c", b"\0", b",", b" 1"])
def test_content_after_the_document_is_refused(rest: bytes) -> None:
    assert refusal(b'{"Image":"a"}' + rest).message == "unexpected content after JSON"


def decodes_or_refuses(body: bytes) -> None:
    try:
        decode(ContainerCreate, body).to_dict()
    except InvalidParameter as error:
        assert error.message.startswith(("invalid JSON: ", "unexpected content after JSON"))  # noqa: PT017


NAMES = st.sampled_from(
    [
        "Image",
        "iMage",
        "Env",
        "Cmd",
        "Labels",
        "HostConfig",
        "hostConfig",
        "Memory",
        "Mounts",
        "Ulimits",
        "PortBindings",
        "LogConfig",
        "ConsoleSize",
        "Healthcheck",
        "NetworkingConfig",
        "EndpointsConfig",
        "Type",
        "BindOptions",
        "front",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def as_object(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in members) + "}"


def as_list(members: list[str]) -> str:
    return "[" + ",".join(members) + "]"


JSON_TEXTS = st.recursive(
    SCALARS.map(json.dumps),
    lambda inner: st.lists(st.tuples(NAMES | st.text(), inner)).map(as_object) | st.lists(inner).map(as_list),
    max_leaves=30,
)


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    decodes_or_refuses(body)


@settings(max_examples=200, deadline=None)
@given(JSON_TEXTS)
def test_any_json_decodes_or_is_refused(text: str) -> None:
    decodes_or_refuses(text.encode())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, JSON_TEXTS)).map(as_object), st.binary(max_size=3), st.integers(min_value=0))
def test_any_damaged_body_decodes_or_is_refused(text: str, damage: bytes, place: int) -> None:
    body = text.encode()
    cut = place % (len(body) + 1)
    decodes_or_refuses(body[:cut] + damage + body[cut + 1 :])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(b'"Env":[' + b"1," * 20_000 + b"1]", id="list"),
        pytest.param(b'"Labels":{' + b",".join(b'"%d":1' % at for at in range(20_000)) + b"}", id="map"),
        pytest.param(b'"HostConfig":{"Mounts":[' + b'{"Type":1},' * 20_000 + b"{}]}", id="nested"),
    ],
)
def test_in_a_large_document_a_list_ends_at_its_first_mistake(values: bytes) -> None:
    assert len(refusal(b"{" + values + b',"Cmd":[1]}').problems) == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"Env":[' + b'"",' * 100_000 + b'""]}', id="commas"),
        pytest.param(b'{"Env":[' + b'{"a":[1]}' * 100_000 + b"]}", id="brackets"),
        pytest.param(b'"",' * 5_000_000, id="strings"),
        pytest.param(b" " + b"x" * (32 * MIB + 1) + b" ", id="bytes"),
    ],
)
def test_a_document_with_too_much_in_it_is_too_large(body: bytes) -> None:
    with pytest.raises(TooLarge):
        decode(ContainerCreate, body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["arrays", "objects"])
def test_so_many_levels_are_read_and_no_more(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    assert decode(ContainerCreate, b'{"X":' + opening * 99 + b"1" + closing * 99 + b"}").config is None
    assert "nested too deeply: more than 100" in refusal(b'{"X":' + opening * 100 + b"1" + closing * 100 + b"}").message


def test_brackets_in_strings_are_no_levels() -> None:
    decode(ContainerCreate, b'{"Image":"' + b'[\\"{' * 1_000 + b'"}')


@pytest.mark.parametrize("end", [b'"}', b"}", b"\\"], ids=["closed", "open", "escape"])
@pytest.mark.parametrize("part", [b'\\",[', b'"\\",[', b"\\\\,["], ids=["escapes", "quotes", "backslashes"])
def test_looking_for_strings_takes_no_longer_than_the_text_is_long(part: bytes, end: bytes) -> None:
    began = time.process_time()
    with suppress(InvalidParameter, TooLarge):
        decode(ContainerCreate, b'{"Image":"' + part * (1 * MIB) + end)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("wrong", [b"\xff", b"\\ud800"], ids=["bytes", "escapes"])
def test_what_becomes_a_replacement_character_has_a_limit(wrong: bytes) -> None:
    decode(ContainerCreate, b'{"Image":"' + wrong * 1_000 + b'"}')
    assert "more than 100,000" in refusal(b'{"Image":"' + wrong * 100_001 + b'"}').message
