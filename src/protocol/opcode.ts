/**
 * Frame opcodes (RFC 6455 §5.2, §11.8). Opcodes 0x3-0x7 and 0xB-0xF are reserved and refused.
 */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** The opcodes that open a message. */
export type DataOpcode = typeof Opcode.text | typeof Opcode.binary;

/** Which end of the connection this is. It decides who masks (RFC 6455 §5.1) and who closes TCP first (§7.1.1). */
export type Role = "client" | "server";
