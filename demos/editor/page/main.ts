// The page's entry: two editors of one document, and what is shown about them.
import { TEXT } from "../shared/contract.js";
import { isDocumentName } from "../shared/limits.js";
import { CountingSocket } from "./counting-socket.js";
import { byId, element, randomId, setText } from "./dom.js";
import { History } from "./history.js";
import { Meters } from "./meters.js";
import { Pane, type PaneEvents } from "./pane.js";
import { readPerson, twoPeople } from "./people.js";
import { ProofView } from "./proof-view.js";

/** The list of versions is asked for no more often than this, unless somebody does something with it. */
const HISTORY_MS = 10_000;

globalThis.WebSocket = CountingSocket;
const meters = new Meters();
const [first, second] = twoPeople();
const events: PaneEvents = {
  typed: (pane, clock) => {
    if (panes.every(({ isOffline }) => !isOffline)) meters.typed(pane, clock);
    else meters.forget();
    meters.showTraffic(panes);
  },
  arrived: (pane) => meters.arrived(pane),
  changed: () => changed(),
};
const panes: Pane[] = [];
const left = new Pane("left", first, events);
const right = new Pane("right", second, events);
panes.push(left, right);
const history: History = new History(() => panes.find(({ isOffline }) => !isOffline)?.provider);
let historyAtMs = 0;
const proof = new ProofView(panes, () => {
  meters.showTraffic(panes);
  if (performance.now() - historyAtMs < HISTORY_MS) return;
  historyAtMs = performance.now();
  void history.refresh();
});

function changed(): void {
  // While the editors are made.
  if (panes.length < 2) return;
  proof.ask();
  showPeople();
}

/** Who has the document open, as the editor sees it that has a connection. */
function showPeople(): void {
  const { awareness } = panes.find(({ isOffline }) => !isOffline)?.provider ?? {};
  const people = [...(awareness?.getStates().values() ?? [])].map((state) => readPerson(state));
  const text = JSON.stringify(people);
  const list = byId("people", HTMLElement);
  if (list.dataset["shown"] === text) return;
  list.dataset["shown"] = text;
  list.replaceChildren(
    ...people.map(({ name, color }) =>
      element("li", "", element("span", `dot who-${color}`), element("span", "", name)),
    ),
  );
}

function documentOfPage(): string {
  const name = location.hash.slice(1);
  return isDocumentName(name) ? name : "notes";
}

/** Opens the document of the page's address in both editors. */
async function open(): Promise<void> {
  const document = documentOfPage();
  for (const link of byId("documents", HTMLElement).querySelectorAll("a")) {
    if (link.hash === `#${document}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  setText(byId("document-name", HTMLElement), document);
  const opened = byId("opened", HTMLElement);
  setText(opened, "Opening …");
  delete opened.dataset["state"];
  meters.forget();
  const startMs = performance.now();
  meters.restartStall();
  let length = 0;
  try {
    ({ length } = await proof.ofServer(document));
  } catch {
    // Then there is no progress to be seen.
  }
  if (documentOfPage() !== document) return;
  await Promise.all(panes.map((pane) => pane.open(document, length)));
  if (documentOfPage() !== document) return;
  const size = left.doc.getText(TEXT).length.toLocaleString("en");
  const took = Math.round(performance.now() - startMs);
  const stall = Math.round(meters.stallMs);
  setText(
    opened,
    `Opened twice in ${took} ms, ${size} characters each. The longest the page did not answer: ${stall} ms.`,
  );
  opened.dataset["state"] = "opened";
  meters.restartTraffic(panes);
  historyAtMs = performance.now();
  await history.refresh();
}

window.addEventListener("hashchange", () => void open());
byId("fresh", HTMLButtonElement).addEventListener("click", () => {
  location.hash = `draft-${randomId().slice(0, 8)}`;
});
void open();
