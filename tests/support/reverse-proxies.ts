/**
 * Reverse proxies that others wrote, in front of a server of ours. They listen on Unix sockets, which need no free port.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { testOnlyCertificate, testOnlyKey } from "./test-only-certificate.js";

function find(name: string): string | undefined {
  return ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function skipWithout(name: string): string | false {
  return find(name) === undefined && `${name} not found: apt-get update && apt-get install -y ${name}`;
}

/** What `skip` of a test that needs HAProxy is to be: false when it is there, otherwise how to get it. */
export const SKIP_WITHOUT_HAPROXY: string | false = skipWithout("haproxy");

/** The same for curl. */
export const SKIP_WITHOUT_CURL: string | false = skipWithout("curl");

/** The same for nginx. */
export const SKIP_WITHOUT_NGINX: string | false = skipWithout("nginx");

/** Starts a program with a configuration, and ends it when the test is over. Resolves when all its sockets are there. */
async function start(
  t: TestContext,
  name: string,
  configure: (folder: string) => string,
  argumentsFor: (file: string, folder: string) => readonly string[],
  sockets: readonly string[],
): Promise<string> {
  const program = find(name);
  if (program === undefined) throw new Error(`${name} not found`);
  const folder = mkdtempSync(path.join(tmpdir(), `openline-${name}-`));
  const file = path.join(folder, "conf");
  writeFileSync(path.join(folder, "pem"), testOnlyCertificate + testOnlyKey);
  writeFileSync(file, configure(folder));
  const child = spawn(program, argumentsFor(file, folder), { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let hasExited = false;
  const exited = once(child, "exit").then(() => {
    hasExited = true;
  });
  t.after(async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  for (const socket of sockets) {
    while (!(await canConnect(path.join(folder, socket)))) {
      if (hasExited) throw new Error(`${name} did not start: ${errors}`);
    }
  }
  return folder;
}

/** Tried again and again: neither program tells when it is ready. */
async function canConnect(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return isConnected;
}

export interface ReverseProxy {
  /** The Unix socket where it takes HTTP/1.1, and HTTP/2 from those who begin with its preface. */
  readonly clear: string;
  /** The Unix socket where it takes both over TLS. */
  readonly secure: string;
}

/** HAProxy, which speaks HTTP/2 to the server for paths below `/2`, and HTTP/1.1 for all others. */
export async function startHaproxy(t: TestContext, port: number): Promise<ReverseProxy> {
  const configure = (folder: string): string => `
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend both
  bind unix@${folder}/clear
  bind unix@${folder}/secure ssl crt ${folder}/pem alpn h2,http/1.1
  use_backend by2 if { path_beg /2 }
  default_backend by1
backend by1
  server it 127.0.0.1:${String(port)}
backend by2
  server it 127.0.0.1:${String(port)} proto h2
`;
  const folder = await start(t, "haproxy", configure, (file) => ["-db", "-q", "-f", file], ["clear", "secure"]);
  return { clear: path.join(folder, "clear"), secure: path.join(folder, "secure") };
}

/** nginx as its documentation has it for WebSockets: with HTTP/1.1 and the fields of an upgrade to the server. */
export async function startNginx(t: TestContext, port: number): Promise<ReverseProxy> {
  const configure = (folder: string): string => `
daemon off;
pid ${folder}/pid;
worker_processes 1;
error_log stderr error;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; "" close; }
  server {
    listen unix:${folder}/clear;
    listen unix:${folder}/secure ssl http2;
    ssl_certificate ${folder}/pem;
    ssl_certificate_key ${folder}/pem;
    location / {
      proxy_pass http://127.0.0.1:${String(port)};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;
  const folder = await start(
    t,
    "nginx",
    configure,
    (file, base) => ["-e", path.join(base, "errors"), "-p", base, "-c", file],
    ["clear", "secure"],
  );
  return { clear: path.join(folder, "clear"), secure: path.join(folder, "secure") };
}

/**
 * nginx with a configuration that somebody else has written, for a container of its own.
 *
 * @param text in which what it listens on is named once
 * @param port where it listens instead: one that is free
 */
export async function startNginxAs(t: TestContext, text: string, port: number): Promise<void> {
  const configure = (folder: string): string =>
    text
      .replace(
        /^(?<indent> *)listen [^;]*;/mu,
        `$<indent>listen 127.0.0.1:${String(port)}; listen unix:${folder}/clear;`,
      )
      .replace(
        /^http \{$/mu,
        `http {\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `${of}_temp_path ${folder}/${of};\n`).join("")}`,
      )
      .concat(`daemon off;\npid ${folder}/pid;\nerror_log stderr error;\n`);
  const argumentsFor = (file: string, base: string) => ["-e", path.join(base, "errors"), "-p", base, "-c", file];
  await start(t, "nginx", configure, argumentsFor, ["clear"]);
}
