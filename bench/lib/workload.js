/**
 * What is measured, and how.
 *
 * @typedef {object} Workload
 * @property {string} name short, for `--workload`
 * @property {string} title for people
 * @property {Kind} kind
 * @property {string} [serve] what the peer must serve, a key of its `serve`; where it is missing, the peer must `connect`
 * @property {string} [baseline] the peer that ratios in the tables refer to. Default ws
 * @property {boolean} [tls]
 * @property {import("./load.js").LoadSettings} load
 * @property {Partial<import("./load.js").LoadSettings>} [quick] what is smaller in a quick run; a workload without it
 *   has no part in one
 */

/**
 * What a file in workloads/ exports as `group`: workloads that are drawn in one chart.
 *
 * @typedef {object} Group
 * @property {string} name of the chart's file
 * @property {string} title
 * @property {readonly Workload[]} workloads
 * @property {readonly string[]} charted figures that are drawn
 */

/**
 * What a file in measure/ exports: how a workload of this kind is measured.
 *
 * @typedef {object} Kind
 * @property {readonly string[]} columns figures that are printed
 * @property {readonly string[]} compared figures of which ratios are taken
 * @property {(context: Context) => Promise<Record<string, number>>} measure
 */

/**
 * @typedef {object} Context
 * @property {string} peerTitle
 * @property {() => import("./child.js").Child} startPeer starts the peer's process
 * @property {(title: string, command: readonly string[]) => import("./child.js").Child} start starts another
 * @property {(milliseconds: number) => Promise<void>} pause
 * @property {<Value>(promise: Promise<Value>) => Promise<Value>} guard
 * @property {Workload} workload
 * @property {import("./load.js").LoadSettings} load
 * @property {import("../measure/window.js").Timing} timing
 */

export {};
