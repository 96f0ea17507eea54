// Exact decimals. On the wire they are text; inside they are integers of the smallest unit that is needed, so that no
// digit is ever rounded. The longest ones are `bigint`.

/** Digits of a decimal at most: more than anything that is traded has. */
const DIGITS_MAX = 24;

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Reads a decimal.
 * @param text Digits, and behind a point more of them; no sign but a minus, no exponent, no space.
 * @param decimals Digits behind the point of the unit: 2 for hundredths.
 * @returns It in those units; undefined when it is no decimal, too long, or no whole number of units.
 */
export function parseDecimal(text: string, decimals: number): bigint | undefined {
  const [, sign, whole = "", fraction = ""] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole.length + fraction.length > DIGITS_MAX) return undefined;
  if (/[1-9]/.test(fraction.slice(decimals))) return undefined;
  const units = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
  return sign === "-" ? -units : units;
}

/** Digits behind the point of a decimal as it is written: 2 for "0.05", 0 for "10". */
export function decimalsOf(text: string): number {
  return (DECIMAL.exec(text)?.[3] ?? "").length;
}

/** A decimal with commas between thousands, for people. */
export function groupDigits(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * Writes a decimal.
 * @param units A whole number of units: a `bigint`, or a safe integer.
 * @param decimals Digits behind the point of the unit; all of them are written.
 */
export function formatDecimal(units: bigint | number, decimals: number): string {
  const isNegative = units < 0;
  const digits = String(isNegative ? -units : units).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const text = decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return isNegative ? `-${text}` : text;
}
