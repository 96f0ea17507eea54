import { cookies } from "next/headers";
import { cookieName, nameIn } from "../session.js";
import { Lobby } from "./lobby.js";

export default async function Page() {
  const name = await nameIn((await cookies()).get(cookieName)?.value);
  if (name !== undefined) return <Lobby name={name} />;
  return (
    <form action="/login" method="post">
      <label>
        Your name <input name="name" required />
      </label>
      <button type="submit">Log in</button>
    </form>
  );
}
