import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { cookieName, seal } from "../../session.js";

/** Takes the form of the page, and JSON. */
export async function POST(request) {
  const isJson = request.headers.get("content-type")?.startsWith("application/json");
  const name = isJson ? (await request.json()).name : String((await request.formData()).get("name"));
  (await cookies()).set(cookieName, await seal(name), { httpOnly: true, sameSite: "lax", path: "/" });
  if (isJson) return Response.json({ name });
  redirect("/");
}
