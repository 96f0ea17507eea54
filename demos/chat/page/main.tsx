// The page's entry.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { ConnectionBadge } from "./connection-badge.js";

function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

createRoot(place("connection")).render(<ConnectionBadge element={place("connection")} />);
createRoot(place("app")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
