"use client";

import { reconnecting } from "openline/reconnecting";
import { useEffect, useRef, useState } from "react";

/** What is said in the lobby, and a line to say something. The browser sends the cookie by itself. */
export function Lobby({ name }) {
  const [lines, setLines] = useState([]);
  const live = useRef(undefined);

  useEffect(() => {
    const socket = reconnecting(`${location.origin.replace("http", "ws")}/live`);
    live.current = socket;
    (async () => {
      for await (const line of socket) setLines((earlier) => [...earlier, line]);
    })();
    return () => {
      socket.close();
    };
  }, []);

  function say(event) {
    event.preventDefault();
    live.current.send(event.target.elements.text.value);
    event.target.reset();
  }

  return (
    <main>
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
      <form onSubmit={say}>
        <input name="text" aria-label={`What ${name} says`} autoComplete="off" />
        <button type="submit">Say</button>
      </form>
    </main>
  );
}
