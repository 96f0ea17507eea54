/**
 * When a server wants to be asked again: the header `Retry-After` (RFC 9110 §10.2.3).
 */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const monthName = `(?<month>${months.join("|")})`;
// RFC 9110 §5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept all three HTTP-date formats."
const formats = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{2}, (?<day>\d\d) ${monthName} (?<year>\d{4}) ${time} GMT$`, "u"),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, (?<day>\d\d)-${monthName}-(?<year>\d\d) ${time} GMT$`, "u"),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[A-Z][a-z]{2} ${monthName} (?<day>[ \d]\d) ${time} (?<year>\d{4})$`, "u"),
];

/**
 * Milliseconds to wait, from 0.
 *
 * @param value seconds, or a date in one of HTTP's three formats
 * @param nowMs the time now, in milliseconds since 1970
 * @returns undefined for what is neither; never more than the largest whole number
 */
export function parseRetryAfter(value: string, nowMs: number): number | undefined {
  if (/^\d+$/u.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
  const dateMs = parseHttpDate(value, nowMs);
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs);
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const format of formats) {
    const parts = format.exec(text)?.groups;
    if (parts === undefined) continue;
    const numberOf = (name: string): number => Number(parts[name]);
    const day = numberOf("day");
    const month = months.indexOf(parts["month"] ?? "");
    const [hour, minute, second] = [numberOf("hour"), numberOf("minute"), numberOf("second")];
    const year = parts["year"]?.length === 2 ? wholeYear(numberOf("year"), nowMs) : numberOf("year");
    const date = new Date(0);
    // `Date.UTC` takes the years before 100 for those after 1900.
    date.setUTCFullYear(year, month, day);
    // The 30th of February has become another day. A leap second is the first second of the next minute.
    if (date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) return undefined;
    return date.setUTCHours(hour, minute, second);
  }
  return undefined;
}

/**
 * RFC 9110 §5.6.7: a year of two digits "that appears to be more than 50 years in the future" is "the most recent year
 * in the past that had the same last two digits."
 */
function wholeYear(lastDigits: number, nowMs: number): number {
  const now = new Date(nowMs).getUTCFullYear();
  const year = now - (now % 100) + lastDigits;
  return year > now + 50 ? year - 100 : year;
}
