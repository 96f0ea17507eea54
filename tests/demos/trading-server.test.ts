import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, UpgradeRefusedError } from "openline";
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { type Site, startSite } from "../../demos/site/site.js";
import { isAsMarked, viewBook } from "../../demos/trading/shared/book-view.js";
import { api, MARK_KEY, type Order, type OrderRequest } from "../../demos/trading/shared/contract.js";
import { type Instrument, stepsOf } from "../../demos/trading/shared/instrument.js";
import { trading } from "../../demos/trading/trading.js";

const TIMEOUT_MS = 60_000;

describe("the trading page's server", { timeout: TIMEOUT_MS }, () => {
  let site: Site;
  let url: string;
  const open = async (): Promise<Site> => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    return startSite({ port: 0, host: "127.0.0.1", demos: [trading], publicFolder });
  };
  before(async () => {
    site = await open();
    url = `http://127.0.0.1:${site.port}`;
  });
  after(() => site.close());

  type TradingClient = Client<DefinitionOf<typeof api>>;

  /** A page of somebody's. */
  function visit(name: string): TradingClient {
    const address = `${url}/trading/socket`;
    return createClient(api, address, { token: `${name}, as only they know`, headers: { Origin: url } });
  }

  /** Who the server says that it is. */
  async function userOf(client: TradingClient): Promise<string> {
    for await (const state of client.states()) if (state.name === "open") return state.user ?? "";
    throw new Error("it was closed");
  }

  async function firstOf(client: TradingClient): Promise<Instrument> {
    return (await client.call("instruments", undefined))[0]!;
  }

  /** An order that waits: so low that nobody sells to it. */
  async function lowOrder(client: TradingClient): Promise<OrderRequest> {
    const { symbol, tick, lot } = await firstOf(client);
    for await (const { set } of client.channel("tickers")) {
      const last = set.get(symbol)?.last;
      if (last === undefined) continue;
      const { price } = stepsOf({ symbol, tick, lot, name: "", maxSize: lot });
      const low = price.format(Math.ceil((price.parse(last) ?? 0) * 0.85));
      return { type: "limit", symbol, side: "buy", size: lot, price: low };
    }
    throw new Error("there are no prices");
  }

  it("tells books that are what the server has, with each update, however few are asked for", async () => {
    await using fast = visit("fast");
    await using slow = visit("slow");
    const instrument = await firstOf(fast);
    const { symbol } = instrument;
    const { decimals } = stepsOf(instrument).price;
    // Until there were so many updates, and more changes of levels than were told where that is waited for.
    const follow = async (rate: number, updates: number, isConflated: boolean): Promise<void> => {
      const client = isConflated ? slow : fast;
      const channel = client.channel(`book/${symbol}`, { maxUpdatesPerSecond: rate });
      let [levels, begun, count] = [0, 0, 0];
      for await (const { set, deleted } of channel) {
        const view = viewBook(channel.values, decimals);
        assert.equal(isAsMarked(view), true);
        assert.ok(view.bids.length > 5 && view.asks.length > 5);
        const mark = view.mark!;
        count++;
        // The first update behind a snapshot may tell again what was in it.
        if (count <= 2) begun = mark.levelChanges;
        else levels += set.size + deleted.size - 1;
        const { checksum: asked } = await client.call("checksum", { symbol, revision: mark.revision });
        assert.equal(asked, mark.checksum);
        if (count >= updates && (!isConflated || (levels > 0 && mark.levelChanges - begun > levels))) break;
      }
    };
    await Promise.all([follow(20, 15, false), follow(4, 5, true)]);
    assert.deepEqual(await fast.call("checksum", { symbol, revision: -1 }), { checksum: null });
  });

  it("has a book that is whole again when somebody comes back to it", async () => {
    await using client = visit("back");
    const { symbol } = await firstOf(client);
    const channel = client.channel(`book/${symbol}`);
    for (let visitNumber = 0; visitNumber < 3; visitNumber += 1) {
      let count = 0;
      for await (const _ of channel) {
        assert.equal(isAsMarked(viewBook(channel.values, 4)), true);
        assert.ok(channel.values.has(MARK_KEY));
        if (++count === 2) break;
      }
    }
  });

  it("places an order once, however often it is sent, and tells its owner what happens to it", async () => {
    await using ann = visit("ann");
    const user = await userOf(ann);
    const request = await lowOrder(ann);
    const events = ann.channel(`orders/${user}`)[Symbol.asyncIterator]();
    assert.equal((await events.next()).value?.type, "live");
    const place = (): Promise<Order> => ann.call("order", request, { idempotencyKey: "once" });
    const orders = await Promise.all([place(), place()]);
    orders.push(await place());
    assert.equal(new Set(orders.map(({ id }) => id)).size, 1);
    const [{ id }] = orders;
    const account = ann.channel(`account/${user}`);
    for await (const { set } of account) {
      assert.deepEqual([...set.keys()], [`order/${id}`]);
      break;
    }
    assert.equal((await ann.call("cancel", { id })).status, "cancelled");
    await assert.rejects(ann.call("cancel", { id }), { code: "order-not-open" });
    for (const what of ["accepted", "cancelled"] as const) {
      const event = (await events.next()).value;
      assert.ok(event?.type === "message");
      assert.deepEqual([event.value.what, event.value.order.id, event.value.order.key], [what, id, "once"]);
    }
  });

  it("fills a market order at once, and counts what it came to", async () => {
    await using ann = visit("market");
    const { symbol, lot } = await firstOf(ann);
    const order = await ann.call("order", { type: "market", symbol, side: "sell", size: lot });
    assert.deepEqual([order.status, order.filled], ["filled", lot]);
    const account = ann.channel(`account/${await userOf(ann)}`);
    for await (const _ of account) {
      const position = account.values.get(`position/${symbol}`);
      assert.ok(position?.type === "position");
      assert.equal(position.size, `-${lot}`);
      break;
    }
  });

  it("tells candles that end with the last trade", async () => {
    await using ann = visit("candles");
    const { symbol } = await firstOf(ann);
    const { candles, lastTradeId } = await ann.call("candles", { symbol, intervalMs: 60_000 });
    assert.ok(candles.length >= 58 && candles.length <= 61, String(candles.length));
    assert.ok(lastTradeId >= 0);
    // Against the types: what a page of ours would not ask for.
    const other = { symbol, intervalMs: 7 };
    await assert.rejects(ann.call("candles", other), { code: "invalid-value" });
  });

  it("keeps orders to their owner, and lets nobody write into what it tells", async () => {
    await using ann = visit("ann");
    await using bob = visit("bob");
    const user = await userOf(ann);
    const { symbol } = await firstOf(ann);
    const forbidden = { code: "forbidden" };
    const events = (channel: AsyncIterable<unknown>): Promise<unknown> => channel[Symbol.asyncIterator]().next();
    await assert.rejects(events(bob.channel(`orders/${user}`)), forbidden);
    await assert.rejects(events(bob.channel(`account/${user}`)), forbidden);
    await assert.rejects(events(bob.channel("book/NOPE")), forbidden);
    await assert.rejects(bob.channel(`orders/${user}`).history(), forbidden);
    await assert.rejects(bob.channel("tickers").set(symbol, { last: "1", open: "1", volume: "1" }), forbidden);
    await assert.rejects(bob.channel(`book/${symbol}`).delete(MARK_KEY), forbidden);
    const trade = { id: 1, price: "1", size: "1", side: "buy" } as const;
    await assert.rejects(bob.channel(`trades/${symbol}`).publish(trade), forbidden);
  });

  it("refuses orders with the reason, and those who place too many", async () => {
    await using ann = visit("hasty");
    const request = await lowOrder(ann);
    await assert.rejects(ann.call("order", { ...request, size: "0" }), { code: "invalid-size" });
    await assert.rejects(ann.call("order", { ...request, size: "1e3" }), { code: "invalid-value" });
    const results = await Promise.allSettled(Array.from({ length: 25 }, () => ann.call("order", request)));
    const refusals = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as object);
    assert.ok(refusals.length > 0 && refusals.length <= 6, String(refusals.length));
    for (const refusal of refusals) assert.ok("code" in refusal && refusal.code === "rate-limited");
  });

  it("serves its page, and says what the socket is", async () => {
    for (const path of ["/trading/", "/trading/page.js", "/trading/style.css", "/trading/favicon.svg"]) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
    assert.equal((await fetch(`${url}/trading`, { redirect: "manual" })).status, 308);
    assert.equal((await fetch(`${url}/trading/socket`)).status, 426);
  });

  it("refuses other pages with 403, and whoever does not say who they are", async () => {
    const address = `${url.replace("http:", "ws:")}/trading/socket`;
    const protocols = ["openline.v1.json"];
    const refused = (error: unknown): boolean => error instanceof UpgradeRefusedError && error.status === 403;
    await assert.rejects(connect(address, { protocols, headers: { Origin: "http://evil.test" } }), refused);
    await assert.rejects(connect(address, { protocols }), refused);
    const nobody = createClient(api, address, { token: "short", headers: { Origin: url } });
    assert.equal((await nobody.closed).why, "refused");
  });

  it("says goodbye to whoever is there, and ends", async () => {
    const other = await open();
    const origin = `http://127.0.0.1:${other.port}`;
    const socket = await connect(`ws://127.0.0.1:${other.port}/trading/socket`, {
      protocols: ["openline.v1.json"],
      headers: { Origin: origin },
    });
    const [report] = await Promise.all([socket.closed, other.close()]);
    assert.equal(report.code, 1012);
  });
});
