// Calls through dockerode, the client of most programs for Node. It finds the socket in DOCKER_HOST.

const assert = require("node:assert");
const fs = require("node:fs");
const Docker = require("dockerode");
const { make } = require("./calls.js");

const docker = new Docker();
const archives = JSON.parse(process.env.ARCHIVES);
const container = docker.getContainer("web");
const read = async (stream) => Buffer.concat(await stream.toArray()).toString();
const refused = (promise, statusCode) => assert.rejects(promise, (error) => error.statusCode === statusCode);

const calls = {
  ping: async () => assert.equal(String(await docker.ping()), "OK"),
  version: async () => assert.equal((await docker.version()).ApiVersion, "1.51"),
  info: async () => assert.ok((await docker.info()).Images > 0),
  df: async () => assert.ok((await docker.df()).Images.length > 0),
  createContainer: async () => {
    const made = await docker.createContainer({
      name: "web", Image: "alpine:3.10", Cmd: ["sleep", "60"], Labels: { tier: "front" },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } },
    });
    assert.match(made.id, /^[0-9a-f]{64}$/);
  },
  "createContainer with a taken name": () => refused(docker.createContainer({ name: "web", Image: "alpine:3.10" }), 409),
  "createContainer of an unknown image": () => refused(docker.createContainer({ Image: "nosuch" }), 404),
  "container.inspect": async () => assert.equal((await container.inspect()).Name, "/web"),
  "container.inspect with size": async () => assert.equal((await container.inspect({ size: true })).SizeRw, 0),
  "container.inspect of an unknown one": () => refused(docker.getContainer("nosuch").inspect(), 404),
  listContainers: async () => {
    const listed = await docker.listContainers({ all: true, filters: { label: ["tier=front"] } });
    assert.deepEqual(listed.map((one) => one.Names), [["/web"]]);
  },
  "listContainers with filters as text": async () => {
    const listed = await docker.listContainers({ all: true, filters: '{"name":["web"]}' });
    assert.equal(listed.length, 1);
  },
  "container.rename": async () => {
    await container.rename({ name: "www" });
    await docker.getContainer("www").rename({ name: "web" });
  },
  "container.update": async () => {
    await container.update({ RestartPolicy: { Name: "always" } });
    assert.equal((await container.inspect()).HostConfig.RestartPolicy.Name, "always");
  },
  "container.logs of one that never ran": async () => {
    assert.equal(String(await container.logs({ stdout: true, stderr: true })), "");
  },
  "container.stop of one that is not running": () => refused(container.stop(), 304),
  "container.kill of one that is not running": () => refused(container.kill(), 409),
  "container.pause of one that is not running": () => refused(container.pause(), 409),
  "container.wait": async () => assert.equal((await container.wait()).StatusCode, 0),
  "container.start": () => container.start(),
  "container.exec": async () => container.exec({ Cmd: ["true"], AttachStdout: true }),
  "container.stats": () => container.stats({ stream: false }),
  "container.top": () => container.top(),
  "container.attach": () => container.attach({ stream: true, stdout: true, stderr: true }),
  "container.attach over a hijacked connection": () =>
    container.attach({ stream: true, stdin: true, stdout: true, hijack: true }),
  "container.getArchive": async () => read(await container.getArchive({ path: "/bin" })),
  "container.export": async () => read(await container.export()),
  "container.changes": () => container.changes(),
  "container.commit": () => container.commit({ repo: "dockerode/commit" }),
  "container.remove": async () => {
    await container.remove({ force: true, v: true });
    await refused(container.inspect(), 404);
  },
  getEvents: async () => {
    const until = Math.ceil(Date.now() / 1000);
    const stream = await docker.getEvents({ since: 0, until, filters: { event: ["create", "destroy"], container: ["web"] } });
    const actions = (await read(stream)).trim().split("\n").map((line) => JSON.parse(line).Action);
    assert.deepEqual(actions, ["create", "destroy"]);
  },
  "getEvents that follows": async () => {
    const stream = await docker.getEvents({ filters: { event: ["create"] } });
    const next = new Promise((resolve) => stream.once("data", resolve));
    const made = await docker.createContainer({ Image: "alpine:3.10" });
    assert.equal(JSON.parse(await next).Actor.ID, made.id);
    stream.destroy();
    await made.remove();
  },
  listImages: async () => assert.ok((await docker.listImages()).some((one) => one.RepoTags.includes("alpine:3.10"))),
  "image.inspect": async () => assert.equal((await docker.getImage("alpine:3.10").inspect()).Os, "linux"),
  "image.history": async () => assert.ok((await docker.getImage("alpine:3.10").history()).length > 0),
  "image.tag": () => docker.getImage("alpine:3.10").tag({ repo: "dockerode/tagged", tag: "1" }),
  "image.remove": async () => {
    const removed = await docker.getImage("dockerode/tagged:1").remove();
    assert.deepEqual(removed, [{ Untagged: "dockerode/tagged:1" }]);
  },
  "image.get": async () => read(await docker.getImage("alpine:3.10").get()),
  loadImage: async () => {
    const answered = await read(await docker.loadImage(fs.createReadStream(archives["alpine:3.10"])));
    assert.match(answered, /Loaded image: alpine:3.10/);
  },
  importImage: async () => {
    const stream = await docker.importImage(fs.createReadStream(archives["alpine:3.10"]), { repo: "dockerode/imported" });
    assert.match(await read(stream), /sha256:/);
  },
  pull: async () => {
    const stream = await docker.pull("alpine:3.10");
    await new Promise((resolve, reject) => docker.modem.followProgress(stream, (error) => error ? reject(error) : resolve()));
  },
  buildImage: async () => {
    fs.writeFileSync("Dockerfile", "FROM alpine:3.10\n");
    await read(await docker.buildImage({ context: ".", src: ["Dockerfile"] }, { t: "dockerode/built" }));
  },
  searchImages: () => docker.searchImages({ term: "alpine" }),
  pruneImages: async () => assert.equal((await docker.pruneImages()).SpaceReclaimed, 0),
  pruneContainers: async () => assert.equal((await docker.pruneContainers()).ContainersDeleted, null),
  listNetworks: async () => {
    const names = (await docker.listNetworks()).map((one) => one.Name);
    assert.deepEqual(names.sort(), ["bridge", "host", "none"]);
  },
  "network.inspect": async () => assert.equal((await docker.getNetwork("bridge").inspect()).Driver, "bridge"),
  createNetwork: () => docker.createNetwork({ Name: "dockerode" }),
  pruneNetworks: () => docker.pruneNetworks(),
  listVolumes: async () => assert.deepEqual((await docker.listVolumes()).Volumes, []),
  pruneVolumes: async () => assert.deepEqual((await docker.pruneVolumes()).VolumesDeleted, []),
  createVolume: () => docker.createVolume({ Name: "dockerode" }),
  listPlugins: async () => assert.deepEqual(await docker.listPlugins(), []),
  "listServices in no swarm": () => refused(docker.listServices(), 503),
  "swarmInspect in no swarm": () => refused(docker.swarmInspect(), 503),
};

make(calls).then(() => process.exit(0));
