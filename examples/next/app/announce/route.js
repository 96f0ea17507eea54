import { cookies } from "next/headers";
import { cookieName, nameIn } from "../../session.js";

/** A route that reaches the sockets, which server.js has put where it finds them. */
export async function POST(request) {
  const name = await nameIn((await cookies()).get(cookieName)?.value);
  if (name === undefined) return new Response("log in first\n", { status: 401 });
  const { text } = await request.json();
  return Response.json(globalThis.live.publish("lobby", `${name} announces: ${text}`));
}
