"""Swarm over HTTP, as of an engine that is in none: after the mistakes of a request 503, or 501 to make or join one."""

from typing import TypeVar

from statesvc.api.errors import answer_unknown_page
from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.domain.documents import Document, NodeSpec, SwarmInit, SwarmJoin, SwarmSpec, SwarmUnlock
from statesvc.domain.documents.decode import decode
from statesvc.domain.go.values import is_bool, parse_uint
from statesvc.errors import InvalidParameter, Unavailable
from statesvc.services.engines import needs_engine

# In Docker's words: clients show them, and some look for "not a swarm manager".
_NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_NO_SWARM = "This node is not part of a swarm"
_SPECS: dict[str, type[Document]] = {
    "service": SwarmSpec, "secret": SwarmSpec, "config": SwarmSpec, "node": NodeSpec,
}  # fmt: skip
D = TypeVar("D", bound=Document)


class SwarmApi:
    """The handlers of a swarm, its services, nodes, tasks, secrets and configs."""

    def routes(self) -> list[Route]:
        """Return the routes of these nouns."""
        return [
            Route("GET", "/swarm", _refuse),
            Route("GET", "/swarm/unlockkey", _refuse),
            Route("POST", "/swarm/init", _init, body=SwarmInit),
            Route("POST", "/swarm/join", _join, body=SwarmJoin),
            Route("POST", "/swarm/leave", _leave),
            Route("POST", "/swarm/update", _update_swarm, body=SwarmSpec),
            Route("POST", "/swarm/unlock", _body_of(SwarmUnlock), body=SwarmUnlock),
            *(Route("GET", f"/{noun}", _list) for noun in ("nodes", "tasks", "secrets", "configs")),
            Route("GET", "/services", _list_services),
            Route("GET", "/services/{name}", _named(_inspect_service)),
            *(Route("GET", f"/{noun}/{{name}}", _named(_refuse)) for noun in ("nodes", "tasks", "secrets", "configs")),
            *(Route("GET", f"/{noun}/{{name}}/logs", _named(_logs)) for noun in ("services", "tasks")),
            *(
                Route("POST", f"/{noun}s/create", _body_of(_SPECS[noun]), body=_SPECS[noun])
                for noun in ("service", "secret", "config")
            ),
            *(
                Route("POST", f"/{noun}s/{{name}}/update", _named(_update(noun)), body=spec)
                for noun, spec in _SPECS.items()
            ),
            *(Route("DELETE", f"/{noun}s/{{name}}", _named(_refuse)) for noun in _SPECS),
        ]


async def _refuse(_call: Call) -> Answer:
    raise Unavailable(_NO_MANAGER)


async def _leave(_call: Call) -> Answer:
    raise Unavailable(_NO_SWARM)


async def _list(call: Call) -> Answer:
    """GET /nodes?filters="""
    filters.parse(call.text("filters"))
    return await _refuse(call)


async def _list_services(call: Call) -> Answer:
    """GET /services?filters=&status="""
    filters.parse(call.text("filters"))
    if call.version >= (1, 41):
        _check_bool(call, "status")
    return await _refuse(call)


async def _inspect_service(call: Call) -> Answer:
    """GET /services/{name}?insertDefaults="""
    _check_bool(call, "insertDefaults")
    return await _refuse(call)


async def _logs(call: Call) -> Answer:
    """GET /services/{name}/logs?stdout=&stderr="""
    if not (call.flag("stdout") or call.flag("stderr")):
        raise InvalidParameter("Bad parameters: you must choose at least one stream")
    return await _refuse(call)


async def _init(call: Call) -> Answer:
    """POST /swarm/init"""
    asked = await _body(call, SwarmInit)
    _check_listen_address(asked.ListenAddr)
    if asked.Spec.Name not in {"", "default"}:
        raise InvalidParameter('swarm spec must be named "default"')
    raise needs_engine("swarm/init")


async def _join(call: Call) -> Answer:
    """POST /swarm/join"""
    asked = await _body(call, SwarmJoin)
    _check_listen_address(asked.ListenAddr)
    if not asked.RemoteAddrs:
        raise InvalidParameter("at least 1 RemoteAddr is required to join")
    if "" in asked.RemoteAddrs:
        raise InvalidParameter('invalid remoteAddr "": invalid empty address')
    raise needs_engine("swarm/join")


async def _update_swarm(call: Call) -> Answer:
    """POST /swarm/update?version=&rotateWorkerToken=&rotateManagerToken=&rotateManagerUnlockKey="""
    await _body(call, SwarmSpec)
    _check_version(call, "swarm")
    for key in ("rotateWorkerToken", "rotateManagerToken", "rotateManagerUnlockKey"):
        _check_bool(call, key)
    return await _refuse(call)


def _update(noun: str) -> Handler:
    async def handler(call: Call) -> Answer:
        """POST /services/{name}/update?version="""
        await _body(call, _SPECS[noun])
        _check_version(call, noun)
        return await _refuse(call)

    return handler


def _body_of(kind: type[Document]) -> Handler:
    async def handler(call: Call) -> Answer:
        await _body(call, kind)
        return await _refuse(call)

    return handler


def _named(handler: Handler) -> Handler:
    """Return the handler of paths with an ID, which is never empty and has no slash: others are no paths."""

    async def checked(call: Call) -> Answer:
        return await handler(call) if call.name and "/" not in call.name else answer_unknown_page()

    checked.__doc__ = handler.__doc__
    return checked


async def _body(call: Call, kind: type[D]) -> D:
    body = await call.json_body()
    return decode(kind, body) if body else kind()


def _check_version(call: Call, noun: str) -> None:
    text = call.text("version")
    try:
        parse_uint(text, 64)
    except ValueError as error:
        told = "" if noun in {"secret", "config"} else f" '{text}': {error}"
        raise InvalidParameter(f"invalid {noun} version{told}") from None


def _check_bool(call: Call, key: str) -> None:
    text = call.text(key)
    if text and not is_bool(text):
        raise InvalidParameter(f"invalid value for {key}: {text}")


def _check_listen_address(address: str) -> None:
    if not address:
        raise InvalidParameter('invalid ListenAddr "": invalid empty address')
