"""Bytes that are hardly HTTP."""

import pytest
from service import Service


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /containers/caf\xc3\xa9/json HTTP/1.1\r\nHost: x\r\n\r\n", id="raw-utf-8-in-the-path"),
        pytest.param(b"GET /containers/\xff\xfe/json HTTP/1.1\r\nHost: x\r\n\r\n", id="raw-bytes-in-the-path"),
        pytest.param(b"GET /containers/json?limit=\xff HTTP/1.1\r\nHost: x\r\n\r\n", id="raw-bytes-in-the-query"),
        pytest.param(b"GET /containers/%zz/json HTTP/1.1\r\nHost: x\r\n\r\n", id="bad-escape-in-the-path"),
        pytest.param(b"GET /containers/%/json HTTP/1.1\r\nHost: x\r\n\r\n", id="cut-escape-in-the-path"),
        pytest.param(b"GET /containers/a\x00b/json HTTP/1.1\r\nHost: x\r\n\r\n", id="raw-nul"),
        pytest.param(b"GET containers/json HTTP/1.1\r\nHost: x\r\n\r\n", id="no-slash"),
        pytest.param(b"GET http://x/nothing HTTP/1.1\r\nHost: x\r\n\r\n", id="absolute-url"),
        pytest.param(b"CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n", id="connect"),
        pytest.param(b"GET /nothing HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", id="huge-header"),
        pytest.param(b"GET /nothing HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n", id="many-headers"),
        pytest.param(b"GET /nothing HTTP/1.1\r\nHost: x\r\nX\x00: 1\r\n\r\n", id="nul-in-a-header"),
        pytest.param(b"GET /nothing HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", id="no-colon"),
        pytest.param(b"GET /nothing HTTP/9.9\r\nHost: x\r\n\r\n", id="another-http"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="tls"),
        pytest.param(b"nonsense\r\n\r\n", id="nonsense"),
        pytest.param(b"\x00" * 4096, id="zeros"),
        pytest.param(
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", id="negative-length"
        ),
        pytest.param(
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n", id="length-in-words"
        ),
        pytest.param(
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999999999999999999\r\n\r\n{}",
            id="length-of-26-digits",
        ),
        pytest.param(
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            id="chunk-of-no-size",
        ),
    ],
)
def test_bytes_that_are_hardly_http_get_a_clear_answer(service: Service, head: bytes) -> None:
    assert service.raw(head).is_refusal()
