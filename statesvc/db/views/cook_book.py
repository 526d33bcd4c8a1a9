"""Questions of admins, each with the query that answers it; tests run every one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """A question and its query."""

    question: str
    sql: str


RECIPES = (
    Recipe(
        "What is this ID or name?",
        """
SELECT id, name, state, image FROM v_containers WHERE name = 'web'
        """,
    ),
    Recipe(
        "How many containers are in which state?",
        """
SELECT state, count(*) AS containers FROM v_containers GROUP BY state ORDER BY containers DESC, state
        """,
    ),
    Recipe(
        "Which containers have a label, and with which value?",
        """
SELECT container_name, value FROM v_labels WHERE key = 'tier' ORDER BY container_name
        """,
    ),
    Recipe(
        "Which container publishes this port of the host?",
        """
SELECT container_name, host_ip, private_port, protocol FROM v_ports WHERE public_port = 8080
        """,
    ),
    Recipe(
        "Which containers use this volume, and may they write to it?",
        """
SELECT container_name, destination, read_write FROM v_mounts WHERE volume = 'data' ORDER BY container_name
        """,
    ),
    Recipe(
        "Which containers mount a path of the host?",
        """
SELECT container_name, source, destination FROM v_mounts WHERE type = 'bind' ORDER BY source, container_name
        """,
    ),
    Recipe(
        "Which containers are privileged, have added capabilities, or use the host's network?",
        """
SELECT container_name, privileged, cap_add, network_mode FROM v_specs
WHERE privileged OR cap_add IS NOT NULL OR network_mode = 'host' ORDER BY container_name
        """,
    ),
    Recipe(
        "Which containers have no memory limit?",
        """
SELECT container_name FROM v_specs WHERE coalesce(memory, 0) = 0 ORDER BY container_name
        """,
    ),
    Recipe(
        "Which containers set this environment variable? (Values are not shown.)",
        """
SELECT container_name FROM v_environment WHERE variable = 'PATH' ORDER BY container_name
        """,
    ),
    Recipe(
        "Which containers failed, and how?",
        """
SELECT name, exit_code, oom_killed, error, finished_at FROM v_containers
WHERE state = 'exited' AND (exit_code <> 0 OR error <> '') ORDER BY finished_at_ns DESC
        """,
    ),
    Recipe(
        "Which containers restart again and again?",
        """
SELECT container_name, state, restart_count, deaths_last_hour, exit_code FROM v_restart_loops
ORDER BY restart_count DESC, container_name
        """,
    ),
    Recipe(
        "What changed in the last hour?",
        """
SELECT type, actor_name, events, last_action, last_at FROM v_changed_last_hour ORDER BY last_seq DESC
        """,
    ),
    Recipe(
        "What happened to this container, the newest first?",
        """
SELECT e.seq, e.time, e.action, e.exit_code FROM v_names n JOIN v_events e ON e.actor_id = n.container_id
WHERE n.name = 'web' ORDER BY e.seq DESC LIMIT 20
        """,
    ),
    Recipe(
        "What happened to a container that may be gone, and who did it?",
        """
SELECT seq, time, action, exit_code, peer_uid, agent FROM v_events WHERE actor_name = 'web' ORDER BY seq DESC LIMIT 20
        """,
    ),
    Recipe(
        "Who removed containers, and with which program?",
        """
SELECT time, actor_name, peer_uid, agent FROM v_events WHERE type = 'container' AND action = 'destroy'
ORDER BY seq DESC LIMIT 20
        """,
    ),
    Recipe(
        "Which runtimes are in force, and how many containers are locked to each?",
        """
SELECT name, binary_path, args, containers FROM v_runtimes WHERE current ORDER BY name
        """,
    ),
    Recipe(
        "Which containers run on a runtime that is gone, changed or older?",
        """
SELECT container_name, runtime, drift, locked_version, current_version FROM v_runtime_drift
ORDER BY drift, container_name
        """,
    ),
    Recipe(
        "What still holds which wrapper script?",
        """
SELECT digest, holder, container_name, runtime, version FROM v_script_holders
ORDER BY digest, holder, container_name
        """,
    ),
    Recipe(
        "Which images does no container use, the largest first?",
        """
SELECT id, tags, size FROM v_images WHERE containers = 0 ORDER BY size DESC, id
        """,
    ),
    Recipe(
        "Which containers outlived their image?",
        """
SELECT c.name, c.image, c.image_id FROM v_containers c LEFT JOIN v_images i ON i.id = c.image_id
WHERE i.id IS NULL ORDER BY c.name
        """,
    ),
    Recipe(
        "Which documents take the most room?",
        """
SELECT bytes, document, owner, owner_id FROM v_largest_documents LIMIT 10
        """,
    ),
    Recipe(
        "Which rows cannot be read, and why?",
        """
SELECT since, table_name, key, column_name, reason, container_name FROM v_quarantine
ORDER BY since_ns DESC, table_name, key, column_name
        """,
    ),
)
