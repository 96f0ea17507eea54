/**
 * What tests look for in private fields of a `WebSocket`, as far as it can be seen from outside: the request of the opening
 * handshake, and how often it was redirected.
 */
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";

/**
 * @template {new (...args: any[]) => object} Class
 * @param {Class} WebSocket
 * @returns {Class} the same class, whose objects have `_req` and `_redirects` besides
 */
export function withShown(WebSocket) {
  let started;
  for (const module of [http, https]) {
    const { request } = module;
    module.request = (...args) => {
      started = request(...args);
      return started;
    };
  }
  syncBuiltinESMExports();
  const seen = new WeakMap();
  const { emit } = WebSocket.prototype;
  Object.defineProperties(WebSocket.prototype, {
    emit: {
      value(event, ...values) {
        const opening = seen.get(this);
        if (event === "redirect" && opening !== undefined) {
          opening.redirects++;
          opening.request = values[1];
        }
        return emit.call(this, event, ...values);
      },
    },
    _req: { get: whatOf("request") },
    _redirects: { get: whatOf("redirects") },
  });
  return new Proxy(WebSocket, {
    construct(target, args, newTarget) {
      started = undefined;
      const socket = Reflect.construct(target, args, newTarget);
      seen.set(socket, { request: started, redirects: 0 });
      return socket;
    },
  });

  function whatOf(name) {
    return function get() {
      return seen.get(this)?.[name];
    };
  }
}
