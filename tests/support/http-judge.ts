/** The judge lives beside the fuzzers, who need it, too. */
export type { HttpJudge, HttpVerdict } from "../../fuzz/targets/http-judge.js";
export { createHttpJudge } from "../../fuzz/targets/http-judge.js";
