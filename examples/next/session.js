/**
 * Who is logged in: a signed token in a cookie. Routes, pages and the WebSocket server read the same.
 */
import { jwtVerify, SignJWT } from "jose";

export const cookieName = "session";

// Next bundles this module for its routes, and Node loads it for server.js: what both need comes from the environment.
const key = () => new TextEncoder().encode(process.env.SESSION_SECRET);

export async function seal(name) {
  return await new SignJWT({ name }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(key());
}

/** The name in a token; undefined for one that is forged or has expired, and for none. */
export async function nameIn(token) {
  try {
    const { payload } = await jwtVerify(token ?? "", key(), { algorithms: ["HS256"] });
    return payload.name;
  } catch {
    return undefined;
  }
}
