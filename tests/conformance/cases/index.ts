/**
 * The conformance suite: every case of Autobahn's groups 1 to 7, 9, 10, 12 and 13. There are no groups 8 and 11.
 */
import type { CaseGroup } from "./case.js";
import { group1 } from "./group-1.js";
import { group2 } from "./group-2.js";
import { group3 } from "./group-3.js";
import { group4 } from "./group-4.js";
import { group5 } from "./group-5.js";
import { group6 } from "./group-6.js";
import { group7 } from "./group-7.js";
import { group9 } from "./group-9.js";
import { group10 } from "./group-10.js";
import { groups12, groups13 } from "./group-12.js";

export const groups: readonly CaseGroup[] = [
  group1,
  group2,
  group3,
  group4,
  group5,
  group6,
  group7,
  group9,
  group10,
  ...groups12,
  ...groups13,
];
