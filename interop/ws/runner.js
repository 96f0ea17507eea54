/**
 * Just enough of Mocha to run a file of tests written for it: `describe`, `it`, hooks, `this.skip()`, and callbacks called
 * `done`. Tests run one after the other, each for two seconds at most where it does not say otherwise; what nobody catches
 * meanwhile is the running test's failure.
 */

const defaultTimeoutMs = 2_000;

class Skip extends Error {}

const root = { name: "", entries: [], before: [], after: [], beforeEach: [], afterEach: [] };
let group = root;

function describe(name, define) {
  const outer = group;
  group = { name, entries: [], before: [], after: [], beforeEach: [], afterEach: [] };
  outer.entries.push(group);
  define.call({});
  group = outer;
}

function it(name, body) {
  const test = { name, body, timeoutMs: defaultTimeoutMs };
  group.entries.push(test);
  return {
    timeout(timeoutMs) {
      test.timeoutMs = timeoutMs;
    },
  };
}

/** What fails the test that is running. */
let failRunning = () => {};

/** Runs a test or a hook, whichever way it says that it is done. */
function run(body, timeoutMs = defaultTimeoutMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs);
    const settle = (error) => {
      clearTimeout(timer);
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error(String(error)));
    };
    failRunning = settle;
    const context = {
      skip() {
        throw new Skip("skipped");
      },
    };
    try {
      if (body.length > 0) body.call(context, settle);
      else Promise.resolve(body.call(context)).then(() => settle(), settle);
    } catch (error) {
      settle(error);
    }
  });
}

async function runGroup({ entries, before, after, ...hooks }, path, outer, report, excluded) {
  const beforeEach = [...outer.beforeEach, ...hooks.beforeEach];
  const afterEach = [...hooks.afterEach, ...outer.afterEach];
  for (const hook of before) await run(hook);
  for (const entry of entries) {
    const name = path === "" ? entry.name : `${path} > ${entry.name}`;
    if (entry.body === undefined) await runGroup(entry, name, { beforeEach, afterEach }, report, excluded);
    else if (excluded.has(name)) report({ name, status: "excluded" });
    else await runTest(entry, name, { beforeEach, afterEach }, report);
  }
  for (const hook of after) await run(hook);
}

async function runTest({ body, timeoutMs }, name, { beforeEach, afterEach }, report) {
  let error;
  try {
    for (const hook of beforeEach) await run(hook);
    await run(body, timeoutMs);
  } catch (thrown) {
    error = thrown;
  }
  try {
    for (const hook of afterEach) await run(hook);
  } catch (thrown) {
    error ??= thrown;
  }
  const status = error === undefined ? "passed" : error instanceof Skip ? "skipped" : "failed";
  report({ name, status, ...(status === "failed" ? { message: error.stack } : {}) });
}

/** Makes what files of tests find in the global object. */
export function prepareGlobals() {
  const hook = (kind) => (body) => group[kind].push(body);
  Object.assign(globalThis, {
    describe,
    it,
    before: hook("before"),
    after: hook("after"),
    beforeEach: hook("beforeEach"),
    afterEach: hook("afterEach"),
  });
  process.on("uncaughtException", (error) => failRunning(error));
  process.on("unhandledRejection", (error) => failRunning(error));
}

/**
 * Runs everything that has been defined.
 *
 * @param {(result: { name: string, status: "passed" | "failed" | "skipped" | "excluded", message?: string }) => void} report
 * @param {Set<string>} excluded names of tests that are not to be run
 */
export async function runDefined(report, excluded) {
  await runGroup(root, "", { beforeEach: [], afterEach: [] }, report, excluded);
}
