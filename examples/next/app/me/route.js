import { cookies } from "next/headers";
import { cookieName, nameIn } from "../../session.js";

export async function GET() {
  const name = await nameIn((await cookies()).get(cookieName)?.value);
  return name === undefined ? new Response("log in first\n", { status: 401 }) : Response.json({ name });
}
