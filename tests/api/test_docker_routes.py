"""Every path of Docker's API is known, also where there is nothing behind it: a client must not take it for a typo."""

import pytest
from service import Service, now

# The routes of Docker Engine 28.5.2 (moby api/server/router), but those of pprof.
ROUTES = """
    POST /build|POST /build/prune|POST /build/cancel
    GET /containers/{}/checkpoints|POST /containers/{}/checkpoints|DELETE /containers/{}/checkpoints/one
    HEAD /containers/{}/archive|GET /containers/json|GET /containers/{}/export|GET /containers/{}/changes
    GET /containers/{}/json|GET /containers/{}/top|GET /containers/{}/logs|GET /containers/{}/stats|GET /exec/{}/json
    GET /containers/{}/archive|POST /containers/create|POST /containers/{}/kill|POST /containers/{}/pause
    POST /containers/{}/unpause|POST /containers/{}/restart|POST /containers/{}/start|POST /containers/{}/stop
    POST /containers/{}/wait|POST /containers/{}/resize|POST /containers/{}/attach|POST /containers/{}/exec
    POST /exec/{}/start|POST /exec/{}/resize|POST /containers/{}/rename|POST /containers/{}/update
    POST /containers/prune|POST /commit|PUT /containers/{}/archive|DELETE /containers/{}
    GET /distribution/{}/json
    GET /images/json|GET /images/{}/json|POST /images/load|POST /images/create|POST /images/{}/tag|POST /images/prune
    DELETE /images/{}|GET /images/search|GET /images/get|GET /images/{}/get|GET /images/{}/history|POST /images/{}/push
    POST /session|POST /grpc|GET /containers/{}/attach/ws
    GET /networks|GET /networks/|GET /networks/{}|POST /networks/create|POST /networks/{}/connect
    POST /networks/{}/disconnect|POST /networks/prune|DELETE /networks/{}
    GET /plugins|GET /plugins/{}/json|GET /plugins/privileges|DELETE /plugins/{}|POST /plugins/{}/enable
    POST /plugins/{}/disable|POST /plugins/pull|POST /plugins/{}/push|POST /plugins/{}/upgrade|POST /plugins/{}/set
    POST /plugins/create
    POST /swarm/init|POST /swarm/join|POST /swarm/leave|GET /swarm|GET /swarm/unlockkey|POST /swarm/update
    POST /swarm/unlock
    GET /services|GET /services/{}|POST /services/create|POST /services/{}/update|DELETE /services/{}
    GET /services/{}/logs
    GET /nodes|GET /nodes/{}|DELETE /nodes/{}|POST /nodes/{}/update|GET /tasks|GET /tasks/{}|GET /tasks/{}/logs
    GET /secrets|POST /secrets/create|DELETE /secrets/{}|GET /secrets/{}|POST /secrets/{}/update
    GET /configs|POST /configs/create|DELETE /configs/{}|GET /configs/{}|POST /configs/{}/update
    GET /_ping|HEAD /_ping|GET /events|GET /info|GET /version|GET /system/df|POST /auth
    GET /volumes|GET /volumes/{}|POST /volumes/create|POST /volumes/prune|PUT /volumes/{}|DELETE /volumes/{}
"""
KNOWN = [tuple(route.strip().split(" ")) for line in ROUTES.splitlines() for route in line.split("|") if route.strip()]
SWARM = [
    (method, path)
    for method, path in KNOWN
    if path.split("/")[1] in {"swarm", "services", "nodes", "tasks", "secrets", "configs"}
    and path not in {"/swarm/init", "/swarm/join", "/swarm/leave"}
]
NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)


@pytest.mark.parametrize(("method", "path"), KNOWN, ids=map(" ".join, KNOWN))
def test_a_path_of_docker_is_known(service: Service, method: str, path: str) -> None:
    query = {"until": "1"} if path == "/events" else None
    answer = service.call(method, f"/v1.51{path.format('nosuch')}", query=query)
    assert b"page not found" not in answer.body
    if method == "HEAD":  # which has no body
        assert answer.status == (200 if path == "/_ping" else 400)


@pytest.mark.parametrize(("method", "path"), SWARM, ids=map(" ".join, SWARM))
def test_a_path_of_swarm_says_that_there_is_none(service: Service, method: str, path: str) -> None:
    query = {"version": 1} if path.endswith("/update") else {"stdout": 1} if path.endswith("/logs") else None
    answer = service.call(method, path.format("x"), query=query)
    assert (answer.status, answer.message) == (503, NO_MANAGER)


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("GET", "/services?filters=x", None, "invalid filter"),
        ("GET", "/nodes?filters=x", None, "invalid filter"),
        ("GET", "/tasks?filters=[1]", None, "invalid filter"),
        ("GET", "/secrets?filters=x", None, "invalid filter"),
        ("GET", "/services?status=maybe", None, "invalid value for status: maybe"),
        ("GET", "/services/x?insertDefaults=maybe", None, "invalid value for insertDefaults: maybe"),
        ("GET", "/services/x/logs", None, "you must choose at least one stream"),
        ("GET", "/tasks/x/logs?stdout=0", None, "you must choose at least one stream"),
        ("POST", "/services/create", b"{", "invalid JSON"),
        ("POST", "/secrets/create", b'{"Name": 1}', "/Name"),
        ("POST", "/configs/create", b'{"Labels": []}', "/Labels"),
        ("POST", "/services/x/update?version=1", b"[]", ""),
        ("POST", "/services/x/update", b"{}", "invalid service version '': strconv.ParseUint"),
        ("POST", "/nodes/x/update?version=-1", b"{}", "invalid node version '-1'"),
        ("POST", "/secrets/x/update?version=x", b"{}", "invalid secret version"),
        ("POST", "/configs/x/update?version=x", b"{}", "invalid config version"),
        ("POST", "/swarm/update", b"{}", "invalid swarm version ''"),
        ("POST", "/swarm/update?version=1&rotateWorkerToken=x", b"{}", "invalid value for rotateWorkerToken: x"),
        ("POST", "/swarm/unlock", b'{"UnlockKey": 1}', "/UnlockKey"),
        ("POST", "/swarm/init", b'{"ListenAddr": 1}', "/ListenAddr"),
        ("POST", "/swarm/init", b"{}", 'invalid ListenAddr "": invalid empty address'),
        ("POST", "/swarm/init", b'{"ListenAddr": "eth0", "Spec": {"Name": "x"}}', 'swarm spec must be named "default"'),
        ("POST", "/swarm/join", b'{"ListenAddr": "eth0"}', "at least 1 RemoteAddr is required to join"),
        ("POST", "/swarm/join", b'{"ListenAddr": "eth0", "RemoteAddrs": [""]}', 'invalid remoteAddr ""'),
        ("POST", "/build/cancel", None, "build ID not provided"),
        ("POST", "/build/prune?keep-storage=x", None, "keep-storage is in bytes and expects an integer, got x"),
        ("POST", "/build/prune?reserved-space=1G", None, "reserved-space is in bytes"),
        ("POST", "/build/prune?max-used-space=x", None, "max-used-space is in bytes"),
        ("POST", "/build/prune?min-free-space=x", None, "min-free-space is in bytes"),
    ],
)
def test_a_mistake_is_told_before_what_is_not_offered(
    service: Service, method: str, path: str, body: bytes | None, message: str
) -> None:
    headers = {"Content-Type": "application/json"} if body else None
    answer = service.call(method, path, body, headers=headers)
    assert answer.is_refusal(400)
    assert message in answer.message


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1.47/build/prune?max-used-space=x", 200),
        ("/v1.48/build/prune?reserved-space=1&keep-storage=x", 200),
        ("/v1.40/services?status=maybe", 503),
        ("/build/cancel?id=x", 501),
    ],
)
def test_what_a_version_does_not_read_is_no_mistake(service: Service, path: str, status: int) -> None:
    assert service.call("GET" if "services" in path else "POST", path).status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nodes/"), ("DELETE", "/nodes/"), ("GET", "/services/x/y"), ("GET", "/tasks/x/y"),
        ("POST", "/secrets/x/y/update"), ("GET", "/services/x/y/logs"), ("DELETE", "/configs/x/y"),
    ],
)  # fmt: skip
def test_an_id_in_a_swarm_is_one_part_of_a_path(service: Service, method: str, path: str) -> None:
    answer = service.call(method, path)
    assert (answer.status, answer.message) == (404, "page not found")


def test_a_checkpoint_is_an_experiment(service: Service) -> None:
    answer = service.call("DELETE", "/containers/c1/checkpoints/x")
    assert answer.is_refusal(501)
    assert "experimental feature is disabled" in answer.message
    assert "No such container: c1/checkpoints/" in service.call("DELETE", "/containers/c1/checkpoints/").message


def test_a_swarm_that_is_not_there_cannot_be_left(service: Service) -> None:
    answer = service.call("POST", "/swarm/leave")
    assert (answer.status, answer.message) == (503, "This node is not part of a swarm")


def test_there_are_no_plugins(service: Service) -> None:
    assert service.call("GET", "/plugins", query={"filters": '{"enabled":["true"]}'}).json() == []
    assert service.call("GET", "/plugins", query={"filters": '{"color":["x"]}'}).is_refusal(400)
    assert service.call("POST", "/plugins/rex/enable").message == 'plugin "rex" not found'


@pytest.mark.parametrize(
    ("path", "filters", "status"),
    [
        ("/build/prune", '{"color":["x"]}', 400),
        ("/build/prune", '{"until":["1h","2h"]}', 400),
        ("/build/prune", '{"until":["1h"],"unused-for":["2h"]}', 400),
        ("/build/prune", '{"until":["soon"]}', 400),
        ("/build/prune", '{"id":["a","b"]}', 400),
        ("/build/prune", '{"until":["1h"],"id":["a"],"inuse":[]}', 200),
        ("/volumes/prune", '{"color":["x"]}', 400),
        ("/volumes/prune", '{"label":["x"]}', 200),
        ("/volumes/prune", '{"all":["x"]}', 400),
        ("/volumes/prune", '{"all":["true","false"]}', 400),
        ("/volumes/prune", '{"all":["T"]}', 200),
        ("/networks/prune", '{"until":["x"]}', 400),
        ("/networks/prune", '{"until":["1h","2h"]}', 400),
    ],
)
def test_a_prune_takes_its_own_filters(service: Service, path: str, filters: str, status: int) -> None:
    assert service.call("POST", path, query={"filters": filters}).status == status


def test_a_prune_that_finds_no_volume_has_an_empty_list(service: Service) -> None:
    assert service.call("POST", "/volumes/prune").json() == {"VolumesDeleted": [], "SpaceReclaimed": 0}


@pytest.mark.parametrize("kind", ["node", "config", "service", "secret"])
def test_no_event_is_about_what_only_a_swarm_has(service: Service, kind: str) -> None:
    service.create()
    asked = {"since": "1", "until": now()}
    assert service.call("GET", "/events", query=asked).body
    assert service.call("GET", "/events", query=asked | {"filters": f'{{"{kind}":["nosuch"]}}'}).body == b""


def test_networks_are_listed_at_both_paths(service: Service) -> None:
    assert service.call("GET", "/networks/").json() == service.call("GET", "/networks").json() != []


@pytest.mark.parametrize(("query", "status"), [({"scope": "swarm"}, 404), ({"scope": "local"}, 200)])
def test_a_network_is_looked_for_in_its_scope(service: Service, query: dict[str, str], status: int) -> None:
    assert service.call("GET", "/networks/none", query=query).status == status


@pytest.mark.parametrize(("text", "status"), [("1", 200), ("false", 200), ("yes", 400)])
def test_verbose_is_a_boolean(service: Service, text: str, status: int) -> None:
    assert service.call("GET", "/networks/none", query={"verbose": text}).status == status


@pytest.mark.parametrize(("name", "pools"), [("none", None), ("host", None), ("bridge", [])])
def test_the_networks_without_addresses_have_no_pools(service: Service, name: str, pools: object) -> None:
    shown = service.call("GET", f"/networks/{name}").json()
    assert (shown["IPAM"]["Config"], shown["EnableIPv4"]) == (pools, True)
