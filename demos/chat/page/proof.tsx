// The ledger on the page: what this page has, what the server has, and the button that kills the server.
import { memo, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Audit } from "../shared/contract.js";
import { KILL_PATH, ROOMS, type Room } from "../shared/limits.js";
import { useCall, useChannel, useConnection, useRoom, useValue } from "./client.js";
import { audit, isSound, type Ledger } from "./ledger.js";
import { acknowledgedIn } from "./sending.js";
import { useHeld } from "./value.js";

/** What a room's ledger says beside the server's. */
type Verdict = "equal" | "checking" | "different" | "wrong" | "empty" | "past";

/** The server is asked so long after something has changed. */
const ASK_AFTER_MS = 400;

/** What the server makes of the same part of the log, which changes as the part does. */
function useServerSum(room: string, part: Ledger["part"]): Audit | undefined {
  const { call, cancel } = useCall("audit");
  const { isOpen } = useConnection();
  const [told, setTold] = useState<{ readonly of: string } & Audit>();
  const { after, upTo } = part ?? {};
  useEffect(() => {
    if (after === undefined || upTo === undefined || !isOpen) return undefined;
    const timer = setTimeout(() => {
      call({ room, after, upTo }).then(
        (answer) => setTold({ of: `${after} ${upTo}`, ...answer }),
        () => undefined,
      );
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      cancel();
    };
  }, [room, after, upTo, isOpen, call, cancel]);
  return told?.of === `${after ?? ""} ${upTo ?? ""}` ? told : undefined;
}

function verdictOf(ledger: Ledger, server: ReturnType<typeof useServerSum>): Verdict {
  if (!isSound(ledger)) return "wrong";
  if (ledger.part === undefined) return "empty";
  if (server === undefined) return "checking";
  if (!server.isWhole) return "past";
  return server.checksum === ledger.checksum && server.count === ledger.received ? "equal" : "different";
}

const WORDS: Readonly<Record<Verdict, string>> = {
  equal: "nothing lost, nothing doubled",
  checking: "asking the server",
  different: "the sums differ",
  wrong: "something is wrong",
  empty: "nothing said yet",
  past: "the server does not keep the oldest any more",
};

const RoomLedger = memo(function RoomLedger({
  room,
  isOpen,
}: {
  readonly room: Room;
  readonly isOpen: boolean;
}): ReactNode {
  const { messages, gaps, pending } = useRoom(room.id);
  const acknowledged = useHeld(acknowledgedIn(room.id));
  const arrived = useRef(new Set<string>());
  const ledger = useMemo(
    () => audit({ messages, gaps, pending }, acknowledged, arrived.current),
    [messages, gaps, pending, acknowledged],
  );
  const server = useServerSum(room.id, ledger.part);
  const verdict = verdictOf(ledger, server);
  // While the server is asked about one message more, what it said last still stands.
  const [shown, setShown] = useState<Verdict>(verdict);
  useEffect(() => {
    if (verdict !== "checking") setShown(verdict);
  }, [verdict]);
  return (
    <details className="ledger" data-room={room.id} data-verdict={verdict} data-shown={shown} open={isOpen}>
      <summary>
        <span className="mark" aria-hidden="true" />
        <span className="room-name">{room.name}</span>
        <span className="verdict">{WORDS[shown]}</span>
      </summary>
      <dl>
        <div>
          <dt>Received</dt>
          <dd data-figure="received">{ledger.received}</dd>
        </div>
        <div>
          <dt>Yours, acknowledged</dt>
          <dd data-figure="acknowledged">{ledger.acknowledged}</dd>
        </div>
        <div>
          <dt>of these missing</dt>
          <dd data-figure="missing">{ledger.missing}</dd>
        </div>
        <div>
          <dt>Sent again, kept once</dt>
          <dd data-figure="kept-once">{ledger.keptOnce}</dd>
        </div>
        <div>
          <dt>Doubled</dt>
          <dd data-figure="doubled">{ledger.doubled}</dd>
        </div>
        <div>
          <dt>Gaps</dt>
          <dd data-figure="gaps">{ledger.gaps}</dd>
        </div>
        <div>
          <dt>Links of the chain</dt>
          <dd data-figure="chain">
            {ledger.broken === 0 ? `${Math.max(0, ledger.received - 1)} whole` : `${ledger.broken} broken`}
          </dd>
        </div>
        <div className="sum">
          <dt>Sum here</dt>
          <dd data-figure="sum">{ledger.part === undefined ? "–" : ledger.checksum}</dd>
        </div>
        <div className="sum">
          <dt>Sum there</dt>
          <dd data-figure="server-sum">{server?.isWhole === true ? server.checksum : "–"}</dd>
        </div>
      </dl>
    </details>
  );
});

/** What has happened to the server. */
interface Happening {
  readonly id: number;
  readonly timeMs: number;
  readonly text: string;
}

const HAPPENINGS_MAX = 4;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Writes down when the server goes and comes. */
function useHappenings(): readonly Happening[] {
  const [happenings, setHappenings] = useState<readonly Happening[]>([]);
  const server = useValue("server", "process");
  const { state } = useConnection();
  const name = state?.name;
  const known = useRef({ run: 0, isOpen: false, lostAtMs: 0, id: 0 });
  useEffect(() => {
    const tell = (text: string): void => {
      const happening = { id: ++known.current.id, timeMs: Date.now(), text };
      setHappenings((before) => [...before, happening].slice(-HAPPENINGS_MAX));
    };
    const { current } = known;
    if (name === "waiting" && current.isOpen) {
      current.isOpen = false;
      current.lostAtMs = performance.now();
      tell("The connection is gone.");
    } else if (name === "open" && !current.isOpen) {
      current.isOpen = true;
      if (current.lostAtMs > 0) tell(`Back after ${((performance.now() - current.lostAtMs) / 1000).toFixed(1)} s.`);
    }
    if (server !== undefined && server.run !== current.run) {
      if (current.run > 0) tell(`Process ${server.pid} has taken over; it is number ${server.run}.`);
      current.run = server.run;
    }
  }, [name, server]);
  return happenings;
}

/** The button that kills the server, and what came of it. */
function KillSwitch(): ReactNode {
  const [answer, setAnswer] = useState("");
  const [restMs, setRestMs] = useState(0);
  /** The number of the process that was told to end: it can be killed once, however often the button is pressed. */
  const [killed, setKilled] = useState<number>();
  const happenings = useHappenings();
  const server = useValue("server", "process");
  useEffect(() => {
    if (restMs === 0) return undefined;
    const timer = setTimeout(() => setRestMs(0), restMs);
    return () => clearTimeout(timer);
  }, [restMs]);
  const kill = async (): Promise<void> => {
    setKilled(server?.run);
    try {
      const response = await fetch(KILL_PATH, { method: "POST" });
      const said = (await response.text()).trim();
      setAnswer(response.ok ? `SIGKILL to process ${said}.` : `${said}.`);
      if (!response.ok) setKilled(undefined);
      // Nobody can do it again before.
      setRestMs(1_000 * Number(response.headers.get("Retry-After") ?? 0));
    } catch {
      setAnswer("The site does not answer.");
      setKilled(undefined);
    }
  };
  return (
    <div className="kill">
      <button
        type="button"
        className="danger"
        disabled={restMs > 0 || server === undefined || server.run === killed}
        onClick={() => void kill()}
      >
        Kill the server
      </button>
      <p className="process">
        {server === undefined ? "No process yet" : `Process ${server.pid}, number ${server.run}`}
      </p>
      <div className="happenings" role="log" aria-label="What happened to the server">
        {answer === "" && happenings.length === 0 && <p className="quiet-line">What happens to it is told here.</p>}
        {answer !== "" && <p>{answer}</p>}
        <ol>
          {happenings.map(({ id, timeMs, text }) => (
            <li key={id}>
              <time>{CLOCK.format(timeMs)}</time> {text}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function BotSwitch(): ReactNode {
  const { values } = useChannel("bots");
  const { call, pending } = useCall("setBots");
  const areOn = values.get("on") ?? true;
  // What one has just chosen, until the server says it, too.
  const [wish, setWish] = useState<boolean>();
  useEffect(() => setWish(undefined), [values]);
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        checked={wish ?? areOn}
        disabled={pending}
        onChange={(event) => {
          setWish(event.currentTarget.checked);
          call(event.currentTarget.checked).catch(() => setWish(undefined));
        }}
      />
      Bots talk in the lobby and the clock tower
    </label>
  );
}

export function Proof({ open }: { readonly open: string }): ReactNode {
  return (
    <section className="card proof" aria-labelledby="proof-heading">
      <h2 id="proof-heading">The ledger</h2>
      <p className="explanation">
        The server runs in a process of its own. The button ends it with SIGKILL, for everybody, and a second later
        another one goes on with what is in the journal.
      </p>
      <KillSwitch />
      {ROOMS.map((room) => (
        <RoomLedger key={room.id} room={room} isOpen={room.id === open} />
      ))}
      <BotSwitch />
      <details className="method">
        <summary>What this proves</summary>
        <p>
          Each message names the position of the one before it. The page follows that chain from its first message to
          its last, looks for what is there twice, and adds up all of it: positions, authors, keys, texts. The server
          adds up the same part of its log, and both sums are shown. Your own messages have a key each, which stays the
          same when they are sent again, also after a reload: what the server had already is kept once.
        </p>
      </details>
    </section>
  );
}
