"""Bytes that Docker's clients send, or could; what comes back, and how it is framed. Docker Engine was asked the same.

An outcome is a list of answers and the end, as raw_http.Exchange shows them: `200, 404 close, end`.
"""

from dataclasses import dataclass

PING_HEAD = b"GET /_ping HTTP/1.1\r\nHost: x\r\n"
PING = PING_HEAD + b"\r\n"
CREATE = b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Case:
    """What is sent, and the outcome; `docker` is the outcome of Docker Engine where that is meant to be another."""

    name: str
    data: bytes
    outcome: str
    half_close: bool = False
    docker: str = ""


def chunked(path: str, *parts: bytes) -> bytes:
    """Return a POST in chunks."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


CASES = (
    Case("ping", PING, "200, open"),
    Case("no-host", b"GET /_ping HTTP/1.1\r\n\r\n", "400 close, end"),
    Case("no-host-in-1.0", b"GET /_ping HTTP/1.0\r\n\r\n", "1.0 200, end"),
    Case("1.0-keep-alive", b"GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "1.0 200 keep-alive, open"),
    Case("1.0-stream", b"GET /events?since=1&until=2 HTTP/1.0\r\n\r\n", "1.0 200, end"),
    Case(
        "1.0-stream-keep-alive",
        b"GET /events?since=1&until=2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "1.0 200, end",
    ),
    Case("stream", b"GET /events?since=1&until=2 HTTP/1.1\r\nHost: x\r\n\r\n", "200 chunked, open"),
    Case("bare-line-feeds", b"GET /_ping HTTP/1.1\nHost: x\n\n", "200, open"),
    Case("mixed-line-ends", b"GET /_ping HTTP/1.0\r\n\n", "1.0 200, end"),
    Case("carriage-return-within", b"GET /_ping HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", "400 close, end"),
    Case("leading-line-ends", b"\r\n\r\n" + PING, "400 close, end"),
    Case(
        "line-end-behind-a-post",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}\r\n" + PING,
        "404, 200, open",
    ),
    Case(
        "line-feed-behind-a-post",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}\n" + PING,
        "404, 200, open",
    ),
    Case("line-end-behind-a-get", PING + b"\r\n" + PING, "200, 400 close, end"),
    Case("continued-header", PING_HEAD + b"X: a\r\n  b\r\n\r\n", "200, open"),
    Case("continued-first-header", b"GET /_ping HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("absolute-target", b"GET http://x/_ping HTTP/1.1\r\nHost: y\r\n\r\n", "200, open"),
    Case("scheme-and-path", b"GET http:/_ping HTTP/1.0\r\n\r\n", "1.0 200, end"),
    Case("scheme-without-a-path", b"GET http:_ping HTTP/1.0\r\n\r\n", "1.0 301, end"),
    Case("two-slashes", b"GET //x HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("two-slashes-before-a-page", b"GET //_ping HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("star", b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("options-of-all", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
    Case("no-slash", b"GET _ping HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("connect", b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("no-target", b"GET  HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case(
        "raw-utf-8-in-a-filter",
        b'GET /containers/json?filters={"label":["\xd0\xba=\xc3\xa9"]} HTTP/1.1\r\nHost: x\r\n\r\n',
        "200, open",
    ),
    Case("raw-utf-8-in-the-path", b"GET /containers/\xc3\xa9/json HTTP/1.1\r\nHost: x\r\n\r\n", "404, open"),
    Case("bad-escape-in-the-path", b"GET /containers/%zz/json HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("bad-escape-in-the-query", b"GET /containers/json?limit=%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400, open"),
    Case("nul-in-the-path", b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("delete-in-the-path", b"GET /a\x7fb HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("tab-in-the-path", b"GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("blank-in-the-path", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("blank-in-the-query", b"GET /_ping?a b HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("http-9.9", b"GET /_ping HTTP/9.9\r\nHost: x\r\n\r\n", "505 close, end"),
    Case("http-1.2", b"GET /_ping HTTP/1.2\r\nHost: x\r\n\r\n", "200, open"),
    Case("http-2.0", b"GET /_ping HTTP/2.0\r\nHost: x\r\n\r\n", "505 close, end"),
    Case("http-3.0", b"GET /_ping HTTP/3.0\r\nHost: x\r\n\r\n", "505 close, end"),
    Case("http-0.9", b"GET /_ping HTTP/0.9\r\nHost: x\r\n\r\n", "505 close, end"),
    Case("http-1.10", b"GET /_ping HTTP/1.10\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("http-in-small-letters", b"GET /_ping http/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("http-2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 close, end", docker="301 close, end"),
    Case("no-method", b"G(T /_ping HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("method-in-small-letters", b"get /_ping HTTP/1.1\r\nHost: x\r\n\r\n", "404, open"),
    Case("no-version", b"GET /_ping\r\n\r\n", "400 close, end"),
    Case("nul-in-a-name", PING_HEAD + b"X\x00: 1\r\n\r\n", "400 close, end"),
    Case("blank-behind-a-name", PING_HEAD + b"X : 1\r\n\r\n", "400 close, end"),
    Case("blank-in-a-name", PING_HEAD + b"X Y: 1\r\n\r\n", "400 close, end"),
    Case("empty-name", PING_HEAD + b": 1\r\n\r\n", "200, open"),
    Case("no-colon", PING_HEAD + b"nocolon\r\n\r\n", "400 close, end"),
    Case("nul-in-a-value", PING_HEAD + b"X: a\x00b\r\n\r\n", "400 close, end"),
    Case("control-in-a-value", PING_HEAD + b"X: a\x01b\r\n\r\n", "400 close, end"),
    Case("tab-in-a-value", PING_HEAD + b"X: a\tb\r\n\r\n", "200, open"),
    Case("raw-utf-8-in-a-value", PING_HEAD + b"X: \xc3\xa9\r\n\r\n", "200, open"),
    Case("carriage-return-in-a-value", PING_HEAD + b"X: a\rb\r\n\r\n", "400 close, end"),
    Case("raw-utf-8-in-a-name", PING_HEAD + b"\xc3\xa9: x\r\n\r\n", "400 close, end"),
    Case("two-hosts", PING_HEAD + b"Host: y\r\n\r\n", "400 close, end"),
    Case("blank-in-the-host", b"GET /_ping HTTP/1.1\r\nHost: a b\r\n\r\n", "400 close, end"),
    Case("raw-utf-8-in-the-host", b"GET /_ping HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", "400 close, end"),
    Case("empty-host", b"GET /_ping HTTP/1.1\r\nHost:\r\n\r\n", "200, open"),
    Case("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400 close, end"),
    Case("zeros", b"\x00" * 4_096, "400 close, end", docker="open"),
    Case("the-same-length-twice", CREATE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "400, open"),
    Case("two-lengths", CREATE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "400 close, end"),
    Case("negative-length", CREATE + b"Content-Length: -5\r\n\r\n", "400 close, end"),
    Case("length-with-a-sign", CREATE + b"Content-Length: +2\r\n\r\n{}", "400 close, end"),
    Case("length-in-words", CREATE + b"Content-Length: ten\r\n\r\n", "400 close, end"),
    Case("empty-length", CREATE + b"Content-Length: \r\n\r\n{}", "400 close, end", docker="500, open"),
    Case("length-of-26-digits", CREATE + b"Content-Length: 99999999999999999999999999\r\n\r\n{}", "400 close, end"),
    Case("length-with-thousands-of-zeros", CREATE + b"Content-Length: " + b"0" * 5_000 + b"2\r\n\r\n{}", "400, open"),
    Case("list-of-lengths", CREATE + b"Content-Length: 2, 2\r\n\r\n{}", "400 close, end"),
    Case("length-among-blanks", CREATE + b"Content-Length:   2  \r\n\r\n{}", "400, open"),
    Case("gzip", CREATE + b"Transfer-Encoding: gzip\r\n\r\n{}", "501 close, end"),
    Case("gzip-and-chunked", CREATE + b"Transfer-Encoding: gzip, chunked\r\n\r\n{}", "501 close, end"),
    Case(
        "chunked-twice",
        CREATE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "501 close, end",
    ),
    Case("identity", CREATE + b"Transfer-Encoding: identity\r\n\r\n{}", "501 close, end"),
    Case("empty-encoding", CREATE + b"Transfer-Encoding: \r\n\r\n{}", "501 close, end"),
    Case("chunked-in-large-letters", CREATE + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "400, open"),
    Case(
        "chunked-and-length",
        CREATE + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "chunked-in-1.0",
        b"POST /nothing HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "1.0 404, end",
    ),
    Case(
        "chunked-in-1.0-keep-alive",
        b"POST /nothing HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "1.0 404 keep-alive, 400 close, end",
    ),
    Case(
        "chunked-and-length-in-1.0",
        CREATE.replace(b"1.1\r", b"1.0\r") + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "1.0 400, end",
    ),
    Case(
        "chunk-extension",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "blank-behind-a-chunk-length",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "chunk-that-ends-in-a-line-feed",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n" + PING,
        "400 close, end",
    ),
    Case(
        "sixteen-digits",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n0000000000000002\r\n{}\r\n0\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "seventeen-digits",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n00000000000000002\r\n{}\r\n0\r\n\r\n" + PING,
        "400 close, end",
        docker="500 close, end",
    ),
    Case(
        "no-chunk-length",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + PING,
        "400 close, end",
        docker="500 close, end",
    ),
    Case(
        "empty-chunk-length",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n" + PING,
        "400 close, end",
        docker="500 close, end",
    ),
    Case(
        "chunk-length-with-a-prefix",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + PING,
        "400 close, end",
        docker="500 close, end",
    ),
    Case(
        "chunk-too-long", CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n" + PING, "400 close, end"
    ),
    Case(
        "chunk-line-too-long",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 5_000 + b"\r\n{}\r\n0\r\n\r\n" + PING,
        "400 close, end",
        docker="500 close, end",
    ),
    Case(
        "trailer",
        CREATE + b"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "trailer-that-cannot-be-one",
        CREATE
        + b"Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 4\r\n\r\n"
        + PING,
        "400 close, end",
    ),
    Case(
        "unannounced-trailer",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n" + PING,
        "400, 200, open",
    ),
    Case(
        "trailer-without-a-colon",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nnocolon\r\n\r\n" + PING,
        "400 close, end",
    ),
    Case(
        "malformed-and-unread",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + PING,
        "404 close, end",
    ),
    Case(
        "little-unread",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000 + PING,
        "404, 200, open",
    ),
    Case(
        "much-unread",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"a" * 300_000 + PING,
        "404 close, end",
    ),
    Case("much-unread-in-chunks", chunked("/nothing", *[b"a" * 65_536] * 6) + PING, "404 close, end"),
    Case(
        "little-unread-that-does-not-come", b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "open"
    ),
    Case(
        "much-unread-that-does-not-come",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        "404 close, end",
    ),
    Case("expect", CREATE + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", "100, open"),
    Case(
        "expect-and-unread",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        "404 close, end",
        docker="404 close, open",
    ),
    Case("expect-in-another-case", CREATE + b"Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n", "100, open"),
    Case(
        "another-expectation",
        CREATE + b"Content-Length: 2\r\nExpect: x\r\n\r\n",
        "417 close, end",
        docker="417 close, open",
    ),
    Case(
        "expect-without-a-body",
        CREATE + b"Content-Length: 0\r\nExpect: 100-continue\r\n\r\n",
        "400, open",
        docker="500, open",
    ),
    Case(
        "expect-in-1.0",
        CREATE.replace(b"1.1\r", b"1.0\r") + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        "open",
    ),
    Case("get-with-a-body", PING_HEAD + b"Content-Length: 2\r\n\r\n{}" + PING, "200, 200, open"),
    Case("head", b"HEAD /_ping HTTP/1.1\r\nHost: x\r\n\r\n" + PING, "200, 200, open"),
    Case("head-of-nothing", b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + PING, "404, 200, open"),
    Case("pipeline", PING * 3, "200, 200, 200, open"),
    Case("close", PING_HEAD + b"Connection: close\r\n\r\n" + PING, "200 close, end"),
    Case("close-in-1.0", b"GET /_ping HTTP/1.0\r\nConnection: close\r\n\r\n", "1.0 200, end"),
    Case("close-among-others", PING_HEAD + b"Connection: foo, Close\r\n\r\n" + PING, "200 close, end"),
    Case("keep-alive", PING_HEAD + b"Connection: keep-alive\r\n\r\n" + PING, "200, 200, open"),
    Case(
        "upgrade-to-h2c",
        CREATE + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}" + PING,
        "400, 200, open",
    ),
    Case("surplus-byte", CREATE + b"Content-Length: 2\r\n\r\n{}x", "400, open"),
    Case("huge-head", PING_HEAD + b"X: " + b"a" * 1_100_000 + b"\r\n\r\n", "431 close, end"),
    Case("large-head", PING_HEAD + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", "200, open"),
    Case("many-headers", PING_HEAD + b"X: 1\r\n" * 5_000 + b"\r\n", "200, open"),
    Case("get-in-chunks", PING_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PING, "200, 200, open"),
    Case("options", b"OPTIONS /_ping HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
    Case("dots-in-the-path", b"GET /a/../_ping?x=%20y HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("fragment", b"GET /_ping#frag HTTP/1.1\r\nHost: x\r\n\r\n", "404, open"),
    Case("escape-in-the-path", b"GET /%5fping HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
    Case(
        "delete-with-a-body",
        b"DELETE /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" + PING,
        "404, 200, open",
    ),
    Case("user-in-the-target", b"GET http://u:p@x/_ping HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
    Case("other-scheme", b"GET unix://x/_ping HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
    Case("bad-scheme", b"GET 1x://x/_ping HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("colon", b"GET :x HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("scheme-of-one-letter", b"GET a:b/c HTTP/1.1\r\nHost: x\r\n\r\n", "301, open"),
    Case("bad-port", b"GET http://x:yy/_ping HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("query-alone", b"GET ?x HTTP/1.1\r\nHost: x\r\n\r\n", "400 close, end"),
    Case("half-closed", PING, "200, end", half_close=True),
    Case("half-closed-behind-a-body", CREATE + b"Content-Length: 2\r\n\r\n{}", "400, end", half_close=True),
    Case("half-closed-in-a-head", PING_HEAD, "400 close, end", half_close=True),
    Case("half-closed-in-a-body", CREATE + b"Content-Length: 20\r\n\r\n{}", "400 close, end", half_close=True),
    Case(
        "half-closed-in-chunks",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}",
        "400 close, end",
        half_close=True,
    ),
    Case("half-closed-1.0", b"GET /_ping HTTP/1.0\r\n\r\n", "1.0 200, end", half_close=True),
    Case("half-closed-stream", b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n", "200 chunked, end", half_close=True),
    Case("half-closed-at-once", b"", "end", half_close=True),
    Case("half-closed-in-a-pipeline", PING * 2 + PING_HEAD, "200, 200, 400 close, end", half_close=True),
)
