"""The answer to inspect, put together from the bytes that are stored."""

from json.encoder import encode_basestring as text

import orjson

from statesvc.domain.documents import EndpointSettings
from statesvc.domain.state import LIVE, State
from statesvc.domain.times import render as time_text
from statesvc.services.containers.service import Inspection


def _flags(state: State, *, oom_killed: bool) -> str:
    flags = {
        "Running": state in LIVE,
        "Paused": state == State.PAUSED,
        "Restarting": state == State.RESTARTING,
        "OOMKilled": oom_killed,
        "Dead": state == State.DEAD,
    }
    return ",".join(f'"{name}":{"true" if flag else "false"}' for name, flag in flags.items())


_FLAGS = {(str(state), killed): _flags(state, oom_killed=killed) for state in State for killed in (False, True)}


def render(row: Inspection) -> bytes:
    """Return the newest form of an inspect answer."""
    host_config = row.host_config
    if row.links:
        # A quote inside a JSON string is escaped, so these bytes are nothing but the field.
        host_config = host_config.replace('"Links":null', f'"Links":[{row.links}]', 1)
    return (
        f'{{"Id":"{row.id}","Created":"{time_text(row.created_at)}","Path":{text(row.path)},"Args":{row.args},'
        f'"State":{_state(row)},"Image":{text(row.image_id)},"ResolvConfPath":{text(row.resolv_conf_path)},'
        f'"HostnamePath":{text(row.hostname_path)},"HostsPath":{text(row.hosts_path)},"LogPath":{text(row.log_path)},'
        f'"Name":{text("/" + row.name)},"RestartCount":{row.restart_count},"Driver":{text(row.driver)},'
        f'"Platform":{text(row.os)},"MountLabel":{text(row.mount_label)},"ProcessLabel":{text(row.process_label)},'
        f'"AppArmorProfile":{text(row.apparmor_profile)},"ExecIDs":{_execs(row)},"HostConfig":{host_config},'
        f'"GraphDriver":{{"Data":null,"Name":{text(row.driver)}}},"Mounts":[{row.mounts or ""}],'
        f'"Config":{row.config},"NetworkSettings":{_networks(row.network_settings)}}}'
    ).encode()


def _networks(settings: str) -> str:
    """Return the network settings; endpoints from before API 1.48 get the priority that they have, 0."""
    if '"GwPriority":' in settings:
        return settings
    document = orjson.loads(settings)
    for name, endpoint in (document["Networks"] or {}).items():
        if endpoint:
            document["Networks"][name] = EndpointSettings(**endpoint).to_dict()
    return orjson.dumps(document).decode()


def _execs(row: Inspection) -> str:
    return f"[{row.execs}]" if row.execs else "null"


def _state(row: Inspection) -> str:
    state = row.state
    health = ""
    if row.status is not None:
        health = f',"Health":{{"Status":"{row.status}","FailingStreak":{row.streak},"Log":{row.log}}}'
    return (
        f'{{"Status":"{state}",{_FLAGS[state, bool(row.oom_killed)]},'
        f'"Pid":{row.pid},"ExitCode":{row.exit_code},"Error":{text(row.error)},'
        f'"StartedAt":"{time_text(row.started_at)}","FinishedAt":"{time_text(row.finished_at)}"{health}}}'
    )
