/**
 * What a run came to, in lines that a terminal and a page show alike.
 */
import { type ViolationKind, violationKinds } from "./findings.js";
import type { ChaosResult } from "./run.js";
import { faultKinds } from "./schedule.js";

/** The command that has the same schedule again. */
export function commandOf({ options, network }: ChaosResult): string {
  const { engine, minutes, seed, nodes, clients, rate, servers, urls, appendSync, faults, empty } = options;
  const parts = [
    `npx openline chaos --engine ${engine} --minutes ${minutes} --seed ${seed} --nodes ${nodes} --clients ${clients}`,
    ...(rate === clients ? [] : [`--rate ${rate}`]),
    ...(servers === 1 ? [] : [`--servers ${servers}`]),
    // Which faults come follows from it, too.
    `--network ${network}`,
    ...(faults === faultKinds ? [] : [`--faults ${faults.join(" ")}`]),
    ...(empty ? ["--empty"] : []),
    ...(urls.length === 0 ? [] : [`--urls ${urls.map(withoutSecrets).join(" ")}`]),
    ...(appendSync === "always" ? [] : [`--appendfsync ${appendSync}`]),
  ];
  return parts.join(" ");
}

/** A report is for others, too. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/]*@/u, "//");
}

/** How many violations there are of each kind that has some. */
export function countsOf({ account }: ChaosResult): readonly (readonly [ViolationKind, number])[] {
  const kinds = Object.keys(violationKinds) as ViolationKind[];
  return kinds.flatMap((kind) => {
    const count = account.counts.get(kind) ?? 0;
    return count === 0 ? [] : [[kind, count] as const];
  });
}

/** Whether nothing is wrong. */
export function isClean({ account }: ChaosResult): boolean {
  return account.counts.size === 0;
}

/** What was counted: a name, and what there is of it. */
export function rowsOf({ account, schedule }: ChaosResult): readonly (readonly [name: string, value: string])[] {
  const { logs, states, calls, media, presence, faults, opens, opensByEvents, losses, stalls, seconds } = account;
  const fewest = Math.max(0, ...seconds.map(({ lagMs }) => lagMs));
  return [
    ["faults", `${faults.length} of ${schedule.length}`],
    ["messages acknowledged", `${logs.acknowledged} of ${logs.published}`],
    ["of which kept before they were sent again", String(logs.duplicates)],
    ["messages given up, kept or not", String(logs.unsure)],
    ["deliveries", String(logs.deliveries)],
    ["gaps", String(logs.gaps)],
    [
      "changes of states",
      `${states.acknowledged}, ${states.conflicts} refused for their revision, ${states.unsure} unknown`,
    ],
    ["calls answered", `${calls.answered} of ${calls.calls}, ${calls.idempotent} of them idempotent`],
    ["calls that ran again after a fault", String(calls.ranAgain)],
    ["signals", `${calls.signals} sent, ${calls.signalsHeard} deliveries`],
    [
      "frames of media",
      `${media.frames} published, ${media.acknowledged} acknowledged, ${media.deliveries} deliveries, ${media.told} losses told of`,
    ],
    ["connections opened, and lost", `${opens.length} (${opensByEvents} without WebSockets), ${losses.length}`],
    ["comings and goings seen late at all", String(presence.changes)],
    ["the latest of them", `${presence.latestMs} ms, 99 in 100 within ${presence.p99Ms} ms`],
    ["seconds of presence checked", String(presence.checkedSeconds)],
    ["the slowest return to a channel", `${presence.slowestReturnMs} ms`],
    ["the longest that a process was late", `${fewest} ms`],
    ["times in which the machine stood still", String(stalls.length)],
  ];
}
