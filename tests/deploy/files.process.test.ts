/**
 * The files of `deploy/` say what is so: what they set is what the application reads, and what they ask is what it answers.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { DeployedNode, deployed } from "./nodes.js";

type Env = Readonly<Record<string, string>>;
interface Settings {
  readonly port: number;
  readonly metricsPort: number;
  readonly path: string;
  readonly noticeMs: number;
  readonly spreadMs: number;
  readonly deadlineMs: number;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly [string, string] } } };
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly selector: Readonly<Record<string, unknown>>;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly template: {
      readonly metadata: { readonly labels: unknown; readonly annotations: Readonly<Record<string, string>> };
      readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly [Container] };
    };
  };
}
interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Env;
        readonly stop_grace_period?: string;
        readonly healthcheck?: { readonly test: readonly string[] };
      }
    >
  >;
}

// Those of the client library's defaults: what is silent for longer is looked after.
const heartbeatMs = 25_000;

const read = (name: string): string => readFileSync(deployed(name), "utf8");
const { readSettings } = (await import(new URL("../../../deploy/settings.js", import.meta.url).href)) as {
  readSettings: (env: Env) => Settings;
};
// What is read of the environment, by its name in the source.
const variables = new Set([...read("settings.js").matchAll(/"([A-Z][A-Z_]+)"/gu)].map(([, name]) => name));

function checkEnv(env: Env): Settings {
  for (const [name, value] of Object.entries(env)) {
    assert.ok(variables.has(name), `the application does not read ${name}`);
    assert.equal(typeof value, "string", name);
  }
  return readSettings(env);
}

/** Milliseconds that a node takes to end, at most. */
function endingMs({ noticeMs, spreadMs, deadlineMs }: Settings): number {
  return noticeMs + spreadMs + 2 * deadlineMs;
}

const manifests = parseAllDocuments(read("kubernetes.yaml")).map((document) => document.toJS() as Manifest);
const manifest = (kind: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind);
  assert.ok(found !== undefined, kind);
  return found;
};

describe("kubernetes.yaml", () => {
  const { template, selector } = manifest("Deployment").spec;
  const { terminationGracePeriodSeconds, containers } = template.spec;
  const [container] = containers;
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  const portOf = (name: string): number | undefined =>
    container.ports.find((port) => port.name === name)?.containerPort;

  it("sets what the application reads, and names the ports that it listens on", () => {
    const settings = checkEnv(env);
    assert.equal(portOf("http"), settings.port);
    assert.equal(portOf("metrics"), settings.metricsPort);
    assert.equal(template.metadata.annotations["prometheus.io/port"], String(settings.metricsPort));
    assert.match(
      read("Dockerfile"),
      new RegExp(`EXPOSE ${String(settings.port)} ${String(settings.metricsPort)}\\n`, "u"),
    );
    assert.equal(manifest("Service").spec.ports?.[0]?.targetPort, "http");
    assert.deepEqual(selector["matchLabels"], template.metadata.labels);
    assert.deepEqual(manifest("Service").spec.selector, template.metadata.labels);
    assert.deepEqual(manifest("PodDisruptionBudget").spec.selector["matchLabels"], template.metadata.labels);
    assert.ok(JSON.stringify(manifest("Ingress").spec).includes(`"path":"${settings.path}"`));
  });

  it("gives a pod more time to end than it takes", () => {
    const [command, seconds] = container.lifecycle.preStop.exec.command;
    assert.equal(command, "sleep");
    assert.ok(Number(seconds) * 1000 + endingMs(checkEnv(env)) < terminationGracePeriodSeconds * 1000);
  });

  it("has an ingress that is more patient than two heartbeats", () => {
    const { annotations = {} } = manifest("Ingress").metadata;
    for (const what of ["read", "send"]) {
      const seconds = Number(annotations[`nginx.ingress.kubernetes.io/proxy-${what}-timeout`]);
      assert.ok(seconds * 1000 > 2 * heartbeatMs, what);
    }
  });

  it("asks what the application answers, while it serves and while it ends", async (t) => {
    const node = await DeployedNode.start(t, { ...env, ENGINE: "memory", NOTICE_MS: "600000" });
    const { startupProbe, livenessProbe, readinessProbe } = container;
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      assert.equal(httpGet.port, "http");
      assert.equal((await node.health(httpGet.path))[0], 200);
    }
    assert.match(await node.metrics(), /^openline_connections 0$/mu);
    node.signal("SIGTERM");
    const { path } = readinessProbe.httpGet;
    let [status, body] = await node.health(path);
    while (status === 200) [status, body] = await node.health(path);
    const checks = { engine: "ok", stopping: "stopping" };
    assert.deepEqual([status, body], [503, { status: "unavailable", checks }]);
    // Not ready is no reason to end it sooner.
    assert.equal((await node.health(livenessProbe.httpGet.path))[0], 200);
    node.signal("SIGTERM");
    assert.equal((await node.ended)[1], 1);
  });
});

describe("compose.yaml", () => {
  const { services } = parse(read("compose.yaml"), { merge: true }) as Compose;
  const nodes = ["node1", "node2"].map((name) => services[name]);

  it("sets what the application reads, with either engine, and gives it time to end", () => {
    const tag = { tag: "!override", collection: "seq" as const, resolve: (list: unknown) => list };
    const redis = parse(read("compose.redis.yaml"), { merge: true, customTags: [tag] }) as Compose;
    for (const node of nodes) {
      const settings = checkEnv(node?.environment ?? {});
      checkEnv({ ...node?.environment, ...redis.services["node1"]?.environment });
      assert.ok(endingMs(settings) < 1000 * Number.parseInt(node?.stop_grace_period ?? "", 10));
      assert.ok(node?.healthcheck?.test.some((word) => word.includes(`:${String(settings.port)}/health/live`)));
    }
  });

  it("has a balancer that knows the nodes, and is more patient than two heartbeats", () => {
    const text = read("nginx.conf");
    const servers = [...text.matchAll(/^ *server (\S+):(\d+) /gmu)].map(([, name, port]) => [name, Number(port)]);
    const { port, path } = checkEnv({});
    assert.deepEqual(servers, [
      ["node1", port],
      ["node2", port],
    ]);
    assert.ok(text.includes(`location ${path} {`));
    for (const what of ["read", "send"]) {
      const seconds = new RegExp(`proxy_${what}_timeout (\\d+)s;`, "u").exec(text)?.[1];
      assert.ok(Number(seconds) * 1000 > 2 * heartbeatMs, what);
    }
  });

  it("lets NATS take what the nodes send", () => {
    assert.ok(Number(/^max_payload: (\d+)$/mu.exec(read("nats.conf"))?.[1]) >= 2 * 1024 * 1024);
  });
});

describe("the settings of the application", () => {
  it("end it where they make no sense", () => {
    assert.throws(() => readSettings({ PORT: "http" }), /PORT has to be a whole number, and is "http"/u);
    assert.throws(() => readSettings({ ENGINE: "mysql" }), /ENGINE has to be one of memory, nats, redis/u);
  });
});
