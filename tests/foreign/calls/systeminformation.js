// Calls of systeminformation, the package for Node that monitoring programs use. It finds the socket in DOCKER_SOCKET, asks in
// HTTP/1.0 without a Host, and has {} or [] for an answer that it cannot read.

const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const si = require("systeminformation");
const { make } = require("./calls.js");

const docker = (...command) => execFileSync("docker", command, { stdio: "pipe" });
docker("create", "--name", "web", "--publish", "8080:80", "alpine:3.10", "sleep", "60");

const calls = {
  dockerInfo: async () => {
    const info = await si.dockerInfo();
    assert.equal(info.containers, 1);
    assert.equal(info.serverVersion, "28.5.2");
    assert.ok(info.images > 0);
  },
  dockerImages: async () => {
    const images = await si.dockerImages();
    const found = images.find((one) => one.repoTags.includes("alpine:3.10"));
    assert.equal(found.os, "linux");
    assert.ok(found.size > 0);
  },
  "dockerImages, all": async () => assert.ok((await si.dockerImages(true)).length > 0),
  dockerContainers: async () => assert.deepEqual(await si.dockerContainers(), []),
  "dockerContainers, all": async () => {
    const [found] = await si.dockerContainers(true);
    assert.equal(found.name, "web");
    assert.equal(found.image, "alpine:3.10");
    assert.equal(found.state, "created");
    assert.equal(found.restartCount, 0);
    assert.ok(found.created > 0);
  },
  dockerVolumes: async () => assert.deepEqual(await si.dockerVolumes(), []),
  dockerAll: async () => assert.equal((await si.dockerAll()).length, 1),
  dockerContainerStats: async () => {
    docker("start", "web");
    const [found] = await si.dockerContainerStats("web");
    assert.ok(found.memLimit > 0);
  },
  dockerContainerProcesses: async () => {
    docker("start", "web");
    assert.ok((await si.dockerContainerProcesses("web")).length > 0);
  },
};

make(calls).then(() => process.exit(0));
