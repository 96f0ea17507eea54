/**
 * What calls came to: a hash for each key, with a lease by the server's clock while somebody runs it.
 */
import type { CallClaim, CallEngine, CallOutcome, EngineTimer, Idempotency } from "../index.js";
import { textOfValue, valueOfText } from "../index.js";
import type { Keys } from "./keys.js";
import type { RedisLink, Reply } from "./link.js";
import { marginMs } from "./logs.js";
import { Script } from "./script.js";

// Of the hash: `t` who claimed it, `x` until when the lease runs, `o` the outcome, `u` until when that is known.
const prelude = String.raw`
local key, now = KEYS[1], tonumber(ARGV[1])
local r = redis.call('HMGET', key, 't', 'x', 'o', 'u')
local token, untilMs, outcome, knownUntil = r[1], tonumber(r[2] or '0'), r[3], tonumber(r[4] or '0')
`;

/** ARGV: now, who asks, the lease. Answers "claimed", "done" with the outcome, or "running" and how long the lease runs. */
export const claimScript: Script = new Script(String.raw`${prelude}
if outcome and knownUntil > now then return {'done', outcome} end
if not outcome and token and token ~= ARGV[2] and untilMs > now then return {'running', untilMs - now} end
redis.call('HSET', key, 't', ARGV[2], 'x', string.format('%.0f', now + tonumber(ARGV[3])))
redis.call('HDEL', key, 'o', 'u')
redis.call('PEXPIRE', key, ARGV[3] + ${marginMs})
return {'claimed'}
`);

/** ARGV: now. As above, without claiming: nothing where it can be claimed. */
export const lookScript: Script = new Script(String.raw`${prelude}
if outcome and knownUntil > now then return {'done', outcome} end
if not outcome and token and untilMs > now then return {'running', untilMs - now} end
return {'free'}
`);

/** ARGV: now, who asks, the lease. Answers whether it still is theirs. */
export const renewScript: Script = new Script(String.raw`${prelude}
if token ~= ARGV[2] or outcome then return 0 end
redis.call('HSET', key, 'x', string.format('%.0f', now + tonumber(ARGV[3])))
redis.call('PEXPIRE', key, ARGV[3] + ${marginMs})
return 1
`);

/** ARGV: now, who asks, the outcome, for how long it is known. Answers whether it is kept. */
export const completeScript: Script = new Script(String.raw`${prelude}
if token ~= ARGV[2] then return 0 end
if outcome then return outcome == ARGV[3] and 1 or 0 end
redis.call('HSET', key, 'o', ARGV[3], 'u', string.format('%.0f', now + tonumber(ARGV[4])))
redis.call('PEXPIRE', key, ARGV[4] + ${marginMs})
redis.call('SPUBLISH', key, '')
return 1
`);

/** ARGV: now, who asks. */
export const releaseScript: Script = new Script(String.raw`${prelude}
if token ~= ARGV[2] or outcome then return 0 end
redis.call('DEL', key)
redis.call('SPUBLISH', key, '')
return 1
`);

/** See the head of this file. */
export class RedisCalls implements CallEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async claim({ key: name, windowMs }: Idempotency, leaseMs: number): Promise<CallClaim> {
    this.#link.check();
    const key = this.#keys.call(name);
    const token = this.#link.host.randomId();
    const [status, found] = (await this.#ask(claimScript, key, [token, Math.ceil(leaseMs)])) as [Buffer, Reply];
    switch (String(status)) {
      case "claimed":
        return this.#claimed(key, token, windowMs, leaseMs);
      case "done":
        return { status: "done", outcome: outcomeOf(found) };
      default:
        return { status: "running", outcome: this.#wait(key) };
    }
  }

  #claimed(key: string, token: string, windowMs: number, leaseMs: number): CallClaim {
    return {
      status: "claimed",
      renew: async () => (await this.#ask(renewScript, key, [token, Math.ceil(leaseMs)])) === 1,
      complete: async (outcome) => {
        const text = `${outcome.ok ? "+" : "-"}${textOfValue(outcome.ok ? outcome.value : outcome.error)}`;
        return (await this.#ask(completeScript, key, [token, text, Math.ceil(windowMs)])) === 1;
      },
      release: async () => {
        await this.#ask(releaseScript, key, [token]);
      },
    };
  }

  // Each of them may run twice: what it does depends on who asks.
  async #ask(script: Script, key: string, args: readonly (string | number)[]): Promise<Reply> {
    const all = [this.#link.clock.now(), ...args];
    return await this.#link.run(script, {
      keys: [key],
      args: all,
      isIdempotent: true,
      isWrite: script === completeScript,
    });
  }

  /** Resolves to what comes of a call that somebody runs; undefined when it can be claimed again. */
  async #wait(key: string): Promise<CallOutcome | undefined> {
    const { host } = this.#link;
    let timer: EngineTimer | undefined;
    let stop = (): void => undefined;
    let isOver = false;
    try {
      return await new Promise<CallOutcome | undefined>((resolve) => {
        let looking: Promise<void> | undefined;
        let isAgain = false;
        const look = async (): Promise<void> => {
          do {
            isAgain = false;
            const [status, found] = (await this.#ask(lookScript, key, [])) as [Buffer, Reply];
            if (String(status) !== "running") {
              resolve(String(status) === "done" ? outcomeOf(found) : undefined);
              return;
            }
            timer?.cancel();
            // Should nothing be told: when the lease has run out, or has been prolonged.
            timer = host.setTimer(lookAgain, Math.max(1, Number(found)));
          } while (isAgain);
        };
        const lookAgain = (): void => {
          isAgain = true;
          looking ??= look()
            .catch(() => {
              // Whoever waited claims again, and hears that the engine has been closed.
              if (this.#link.isClosed) resolve(undefined);
              else timer = host.setTimer(lookAgain, this.#link.options.timeoutMs);
            })
            .finally(() => {
              looking = undefined;
            });
        };
        const unaudit = this.#link.onAudit(lookAgain);
        stop = unaudit;
        this.#link.subscribe(key, lookAgain).then(
          (unsubscribe) => {
            if (isOver) {
              unsubscribe();
              return;
            }
            stop = () => {
              unaudit();
              unsubscribe();
            };
            lookAgain();
          },
          // Asking from time to time does.
          lookAgain,
        );
      });
    } finally {
      isOver = true;
      timer?.cancel();
      stop();
    }
  }
}

function outcomeOf(found: Reply): CallOutcome {
  const text = String(found);
  const value = valueOfText(text.slice(1));
  return text.startsWith("+") ? { ok: true, value } : { ok: false, error: value };
}
