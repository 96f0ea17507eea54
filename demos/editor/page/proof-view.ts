// Shows whether both editors and the server have the same document, by what each says that it has.
import { createClient } from "openline/realtime/client";
import { msgpackCodec } from "openline/realtime/msgpack";
import { api } from "../shared/contract.js";
import { SOCKET_PATH } from "../shared/limits.js";
import { areEqual, type Proof, proofInTurns } from "../shared/proof.js";
import { byId, randomId, setText } from "./dom.js";
import type { Pane } from "./pane.js";

/** How long nothing happens before it is compared. */
const QUIET_MS = 300;
/** Characters that are summed up before something else has its turn. */
const PIECE_LENGTH = 250_000;

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

/** See the head of this file. */
export class ProofView {
  readonly #panes: readonly Pane[];
  readonly #equal: () => void;
  readonly #frame = byId("proof", HTMLElement);
  readonly #text = byId("proof-text", HTMLElement);
  /** Asks the server on a connection of its own, which the editors' octets do not count. */
  readonly #client = createClient(api, `${SOCKET_PATH}?editor=witness`, {
    token: { name: "Witness", secret: randomId(), mayWrite: false },
    codecs: [msgpackCodec],
    reconnect: { minDelayMs: 200, maxDelayMs: 5_000 },
  });
  #timer: number | undefined;
  #asking = 0;

  /** @param equal Is told each time that all are found the same. */
  constructor(panes: readonly Pane[], equal: () => void) {
    this.#panes = panes;
    this.#equal = equal;
  }

  /** What the server has of a document. */
  ofServer(document: string): Promise<Proof> {
    return this.#client.call("proof", { document });
  }

  /** Something has changed: it is compared when nothing does any more. */
  ask(): void {
    this.#asking += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#compare().catch(() => {
        // The connection was lost on which it was asked.
        this.ask();
      });
    }, QUIET_MS);
    const away = this.#panes.filter((pane) => !pane.isSettled).map(({ person }) => person.name);
    if (away.length > 0)
      this.#show(
        "busy",
        `Not compared while ${away.join(" and ")} ${away.length === 1 ? "has" : "have"} something under way.`,
      );
  }

  async #compare(): Promise<void> {
    const asking = this.#asking;
    const document = this.#panes[0]?.provider?.document;
    if (document === undefined || !this.#panes.every((pane) => pane.isSettled)) return;
    const server = await this.ofServer(document);
    const proofs: Proof[] = [];
    for (const { doc } of this.#panes) proofs.push(await proofInTurns(doc, PIECE_LENGTH, pause));
    if (asking !== this.#asking) return;
    const ids = [...this.#panes.map(({ side }) => side), "server"];
    for (const [index, proof] of [...proofs, server].entries()) {
      setText(byId(`proof-${ids[index]}`, HTMLElement), `${proof.checksum} · ${proof.vector}`);
    }
    if (areEqual([...proofs, server])) {
      this.#show(
        "right",
        `Equal: both editors and the server have the same ${server.length.toLocaleString("en")} characters.`,
      );
      this.#equal();
    } else {
      this.#show("wrong", "Different. Looking again …");
      this.ask();
    }
  }

  #show(state: string, text: string): void {
    this.#frame.dataset["state"] = state;
    setText(this.#text, text);
  }
}
