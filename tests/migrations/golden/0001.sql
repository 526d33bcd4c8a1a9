PRAGMA foreign_keys=OFF;
BEGIN;
PRAGMA application_id = 1937011574;
PRAGMA user_version = 1000;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES ('0001');
CREATE TABLE events (
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    action TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    attributes TEXT NOT NULL CONSTRAINT ck_events_attributes_json CHECK (json_valid(attributes)),
    revision INTEGER,
    CONSTRAINT pk_events PRIMARY KEY (seq)
) STRICT
    ;
INSERT INTO "events" VALUES (41, 1700000000000000001, 'container', 'create', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', '{"name":"web","image":"busybox:latest"}', 1);
INSERT INTO "events" VALUES (57, 1700000000000000000, 'image', 'tag', 'sha256:1111111111111111111111111111111111111111111111111111111111111111', '{}', NULL);
CREATE TABLE images (
    id TEXT NOT NULL CONSTRAINT ck_images_id_form CHECK (id GLOB 'sha256:*' AND length(id) = 71),
    config BLOB NOT NULL,
    size INTEGER NOT NULL,
    created_at INTEGER,
    tagged_at INTEGER,
    CONSTRAINT pk_images PRIMARY KEY (id)
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "images" VALUES ('sha256:1111111111111111111111111111111111111111111111111111111111111111', X'7B22617263686974656374757265223A22616D643634227D0A', 4261550, 1700000000000000000, 1700000000000000005);
INSERT INTO "images" VALUES ('sha256:2222222222222222222222222222222222222222222222222222222222222222', X'00FF206E6F205554462D38', 0, NULL, NULL);
CREATE TABLE runtime_configs (
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    user_config TEXT NOT NULL CONSTRAINT ck_runtime_configs_user_config_json CHECK (json_valid(user_config)),
    loaded_at INTEGER NOT NULL,
    CONSTRAINT pk_runtime_configs PRIMARY KEY (version)
) STRICT
    ;
INSERT INTO "runtime_configs" VALUES (1, 'sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'defaults', '{}', 1700000000000000000);
INSERT INTO "runtime_configs" VALUES (2, 'sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '/etc/docker/daemon.json', '{"runtimes": {"crun": {"path": "/usr/bin/crun"}}}', 1700000000000000001);
CREATE TABLE image_digests (
    reference TEXT NOT NULL,
    image_id TEXT NOT NULL,
    CONSTRAINT pk_image_digests PRIMARY KEY (reference),
    CONSTRAINT fk_image_digests_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "image_digests" VALUES ('docker.io/library/redis@sha256:9999999999999999999999999999999999999999999999999999999999999999', 'sha256:2222222222222222222222222222222222222222222222222222222222222222');
CREATE TABLE image_tags (
    reference TEXT NOT NULL,
    image_id TEXT NOT NULL,
    CONSTRAINT pk_image_tags PRIMARY KEY (reference),
    CONSTRAINT fk_image_tags_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "image_tags" VALUES ('docker.io/library/busybox:latest', 'sha256:1111111111111111111111111111111111111111111111111111111111111111');
CREATE TABLE runtimes (
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    path TEXT,
    args TEXT NOT NULL CONSTRAINT ck_runtimes_args_json CHECK (json_valid(args)),
    type TEXT,
    options TEXT CONSTRAINT ck_runtimes_options_json CHECK (json_valid(options)),
    CONSTRAINT pk_runtimes PRIMARY KEY (id),
    CONSTRAINT uq_runtimes_version_name UNIQUE (version, name),
    CONSTRAINT fk_runtimes_version FOREIGN KEY(version) REFERENCES runtime_configs (version) ON DELETE RESTRICT
) STRICT
    ;
INSERT INTO "runtimes" VALUES (1, 1, 'runc', '/usr/bin/runc', '[]', NULL, NULL);
INSERT INTO "runtimes" VALUES (2, 2, 'runc', '/usr/bin/runc', '[]', NULL, NULL);
INSERT INTO "runtimes" VALUES (3, 2, 'crun', '/opt/o''c i/crun', '["--debug","--log=$HOME/a b"]', NULL, NULL);
INSERT INTO "runtimes" VALUES (4, 2, 'kata', NULL, '[]', 'io.containerd.kata.v2', '{"ConfigPath":"/k"}');
CREATE TABLE service_state (
    id INTEGER NOT NULL CONSTRAINT ck_service_state_one_row CHECK (id = 1),
    instance_id TEXT NOT NULL,
    current_version INTEGER,
    CONSTRAINT pk_service_state PRIMARY KEY (id),
    CONSTRAINT fk_service_state_current_version FOREIGN KEY(current_version) REFERENCES runtime_configs (version) ON DELETE RESTRICT
) STRICT
    ;
INSERT INTO "service_state" VALUES (1, '0b5b2f4e-7a51-4f0c-9c2f-3a6c3a2f9d10', 2);
CREATE TABLE containers (
    id TEXT NOT NULL CONSTRAINT ck_containers_id_form CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
    image TEXT NOT NULL,
    image_id TEXT NOT NULL,
    path TEXT NOT NULL,
    args TEXT NOT NULL CONSTRAINT ck_containers_args_json CHECK (json_valid(args)),
    driver TEXT NOT NULL,
    os TEXT NOT NULL,
    managed INTEGER NOT NULL CONSTRAINT ck_containers_managed_flag CHECK (managed IN (0, 1)),
    origin TEXT NOT NULL CONSTRAINT ck_containers_origin_known CHECK (origin IN ('created', 'docker', 'podman')),
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT ck_containers_state_known CHECK (state IN ('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead')),
    pid INTEGER NOT NULL,
    exit_code INTEGER NOT NULL,
    error TEXT NOT NULL,
    oom_killed INTEGER NOT NULL CONSTRAINT ck_containers_oom_killed_flag CHECK (oom_killed IN (0, 1)),
    started_at INTEGER,
    finished_at INTEGER,
    restart_count INTEGER NOT NULL,
    started_before INTEGER NOT NULL CONSTRAINT ck_containers_started_before_flag CHECK (started_before IN (0, 1)),
    manually_stopped INTEGER NOT NULL CONSTRAINT ck_containers_manually_stopped_flag CHECK (manually_stopped IN (0, 1)),
    runtime_name TEXT NOT NULL,
    runtime_id INTEGER,
    summary TEXT NOT NULL CONSTRAINT ck_containers_summary_json CHECK (json_valid(summary)),
    revision INTEGER NOT NULL,
    CONSTRAINT pk_containers PRIMARY KEY (id),
    CONSTRAINT fk_containers_runtime_id FOREIGN KEY(runtime_id) REFERENCES runtimes (id) ON DELETE RESTRICT
) STRICT
    ;
INSERT INTO "containers" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 'busybox:latest', 'sha256:1111111111111111111111111111111111111111111111111111111111111111', 'sh', '["-c","exec sleep 100 # \u00e9\n"]', 'overlay2', 'linux', 0, 'created', 1700000000000000000, 'running', 4321, 0, '', 0, 1700000000000000007, NULL, 0, 1, 0, 'runc', 3, '{"Id":"x","Labels":{"tier":"front"}}', 9);
INSERT INTO "containers" VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', 'busybox:latest', 'sha256:2222222222222222222222222222222222222222222222222222222222222222', 'sh', '["-c","exec sleep 100 # \u00e9\n"]', 'overlay2', 'linux', 0, 'created', 1700000000000000000, 'exited', 0, 137, 'no »disk«', 1, NULL, 1700000000000000009, 0, 0, 0, 'runc', NULL, '{"Id":"x","Labels":{"tier":"front"}}', 1);
INSERT INTO "containers" VALUES ('cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003', 'busybox:latest', 'sha256:7777777777777777777777777777777777777777777777777777777777777777', 'sh', '["-c","exec sleep 100 # \u00e9\n"]', 'overlay2', 'linux', 1, 'docker', 1700000000000000000, 'created', 0, 0, '', 0, NULL, NULL, 3, 0, 1, 'runc', NULL, '{"Id":"x","Labels":{"tier":"front"}}', 1);
CREATE TABLE container_health (
    container_id TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_container_health_status_known CHECK (status IN ('starting', 'healthy', 'unhealthy', 'none')),
    streak INTEGER NOT NULL,
    log TEXT NOT NULL CONSTRAINT ck_container_health_log_json CHECK (json_valid(log)),
    CONSTRAINT pk_container_health PRIMARY KEY (container_id),
    CONSTRAINT fk_container_health_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) STRICT
    ;
INSERT INTO "container_health" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 'healthy', 0, '[{"Start": "2023-11-14T22:13:20Z", "End": "2023-11-14T22:13:21Z", "ExitCode": 0, "Output": "ok\n"}]');
CREATE TABLE container_labels (
    container_id TEXT NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_container_labels PRIMARY KEY (container_id, "key"),
    CONSTRAINT fk_container_labels_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "container_labels" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', '', '');
INSERT INTO "container_labels" VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', 'tier', '''back'';--');
INSERT INTO "container_labels" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 'tier', 'front');
CREATE TABLE container_mounts (
    container_id TEXT NOT NULL,
    destination TEXT NOT NULL,
    type TEXT NOT NULL,
    volume TEXT,
    source TEXT NOT NULL,
    named INTEGER NOT NULL CONSTRAINT ck_container_mounts_named_flag CHECK (named IN (0, 1)),
    document TEXT NOT NULL CONSTRAINT ck_container_mounts_document_json CHECK (json_valid(document)),
    CONSTRAINT pk_container_mounts PRIMARY KEY (container_id, destination),
    CONSTRAINT fk_container_mounts_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "container_mounts" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', '/data', 'volume', 'data', '', 1, '{"Type":"volume","Target":"/data"}');
INSERT INTO "container_mounts" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', '/srv', 'bind', NULL, '/srv', 0, '{}');
CREATE TABLE container_names (
    name TEXT NOT NULL CONSTRAINT ck_container_names_name_given CHECK (name <> ''),
    container_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_container_names_kind_known CHECK (kind IN ('primary', 'alias')),
    parent_id TEXT,
    generated INTEGER NOT NULL CONSTRAINT ck_container_names_generated_flag CHECK (generated IN (0, 1)),
    CONSTRAINT pk_container_names PRIMARY KEY (name),
    CONSTRAINT ck_container_names_parent_of_alias CHECK ((kind = 'alias') = (parent_id IS NOT NULL)),
    CONSTRAINT fk_container_names_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE,
    CONSTRAINT fk_container_names_parent_id FOREIGN KEY(parent_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "container_names" VALUES ('cache', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', 'primary', NULL, 0);
INSERT INTO "container_names" VALUES ('eager_hopper', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003', 'primary', NULL, 1);
INSERT INTO "container_names" VALUES ('web', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 'primary', NULL, 0);
INSERT INTO "container_names" VALUES ('web/redis', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', 'alias', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 0);
CREATE TABLE container_networks (
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    network_id TEXT NOT NULL,
    CONSTRAINT pk_container_networks PRIMARY KEY (container_id, name),
    CONSTRAINT fk_container_networks_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "container_networks" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 'bridge', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
INSERT INTO "container_networks" VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', 'none', '');
CREATE TABLE container_ports (
    container_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    private_port INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    public_port INTEGER,
    host_ip TEXT NOT NULL,
    CONSTRAINT pk_container_ports PRIMARY KEY (container_id, position),
    CONSTRAINT fk_container_ports_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
    ;
INSERT INTO "container_ports" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 0, 80, 'tcp', 8080, '::');
INSERT INTO "container_ports" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', 1, 53, 'udp', NULL, '');
CREATE TABLE container_specs (
    container_id TEXT NOT NULL,
    config TEXT NOT NULL CONSTRAINT ck_container_specs_config_json CHECK (json_valid(config)),
    host_config TEXT NOT NULL CONSTRAINT ck_container_specs_host_config_json CHECK (json_valid(host_config)),
    network_settings TEXT NOT NULL CONSTRAINT ck_container_specs_network_settings_json CHECK (json_valid(network_settings)),
    resolv_conf_path TEXT NOT NULL,
    hostname_path TEXT NOT NULL,
    hosts_path TEXT NOT NULL,
    shm_path TEXT NOT NULL,
    log_path TEXT NOT NULL,
    mount_label TEXT NOT NULL,
    process_label TEXT NOT NULL,
    apparmor_profile TEXT NOT NULL,
    seccomp_profile TEXT NOT NULL,
    no_new_privileges INTEGER NOT NULL CONSTRAINT ck_container_specs_no_new_privileges_flag CHECK (no_new_privileges IN (0, 1)),
    CONSTRAINT pk_container_specs PRIMARY KEY (container_id),
    CONSTRAINT fk_container_specs_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) STRICT
    ;
INSERT INTO "container_specs" VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001', '{"Hostname": "aaaaaaaaaaaa", "Env": ["A=1", "SECRET=hüsh\n2"], "Cmd": ["sh"], "Image": "busybox:latest"}', '{"NetworkMode": "default", "Memory": 67108864, "Links": null, "Binds": ["/srv/data:/data"]}', '{"Networks":{"bridge":{}}}', '/var/lib/docker/containers/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001/resolv.conf', '', '', '', '/var/lib/docker/containers/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001-json.log', 'system_u:object_r:container_file_t:s0:c1,c2', '', 'docker-default', 'unconfined', 1);
INSERT INTO "container_specs" VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002', '{"Hostname": "bbbbbbbbbbbb", "Env": [], "Cmd": ["sh"], "Image": "busybox:latest"}', '{"NetworkMode": "default", "Memory": 67108864, "Links": null, "Binds": ["/srv/data:/data"]}', '{"Networks":{"bridge":{}}}', '/var/lib/docker/containers/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002/resolv.conf', '', '', '', '/var/lib/docker/containers/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002-json.log', 'system_u:object_r:container_file_t:s0:c1,c2', '', 'docker-default', 'unconfined', 1);
INSERT INTO "container_specs" VALUES ('cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003', '{"Hostname": "cccccccccccc", "Env": ["PATH=/bin"], "Cmd": ["sh"], "Image": "busybox:latest"}', '{"NetworkMode": "default", "Memory": 67108864, "Links": null, "Binds": ["/srv/data:/data"]}', '{"Networks":{"bridge":{}}}', '/var/lib/docker/containers/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003/resolv.conf', '', '', '', '/var/lib/docker/containers/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003-json.log', 'system_u:object_r:container_file_t:s0:c1,c2', '', 'docker-default', 'unconfined', 1);
CREATE INDEX ix_events_time ON events (time);
CREATE INDEX ix_image_digests_image_id ON image_digests (image_id);
CREATE INDEX ix_image_tags_image_id ON image_tags (image_id);
CREATE INDEX ix_containers_created_at_id ON containers (created_at, id);
CREATE INDEX ix_containers_image_id ON containers (image_id);
CREATE INDEX ix_containers_runtime_id ON containers (runtime_id) WHERE runtime_id IS NOT NULL;
CREATE INDEX ix_containers_state_created_at_id ON containers (state, created_at, id);
CREATE INDEX ix_container_labels_key_value ON container_labels ("key", value);
CREATE INDEX ix_container_mounts_volume ON container_mounts (volume) WHERE volume IS NOT NULL;
CREATE INDEX ix_container_names_container_id ON container_names (container_id);
CREATE INDEX ix_container_names_parent_id ON container_names (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX uq_container_names_primary ON container_names (container_id) WHERE kind = 'primary';
CREATE INDEX ix_container_networks_name ON container_networks (name);
CREATE INDEX ix_container_networks_network_id ON container_networks (network_id) WHERE network_id <> '';
CREATE INDEX ix_container_ports_private_port ON container_ports (private_port);
CREATE INDEX ix_container_ports_public_port ON container_ports (public_port) WHERE public_port IS NOT NULL;
COMMIT;
