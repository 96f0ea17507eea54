/**
 * What a file in workloads/ exports as `workload`.
 *
 * @typedef {object} Workload
 * @property {string} name short, for `--workload`
 * @property {string} title for people
 * @property {string} server what the peer must serve, a key of its `serve`
 * @property {string} load the file in load/ that makes the load
 * @property {any} settings for that file
 */

export {};
