/**
 * JSON as the formatter of this repository has it, so that a record can be committed as it was written: an object has a
 * line for each field, a list of simple values is in one line where it fits, and numbers fill as many as they need.
 */

const lineWidth = 120;
const step = "  ";

/** @param {unknown} value */
export function toJson(value) {
  return `${layOut(value, "", 0, 0)}\n`;
}

/**
 * @param {unknown} value
 * @param {string} indent of the line that it begins in
 * @param {number} before characters in that line before it, behind the indent
 * @param {number} after characters that follow it in its last line
 * @returns {string}
 */
function layOut(value, indent, before, after) {
  if (Array.isArray(value)) return layOutList(value, indent, before, after);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const inner = indent + step;
  const lines = fields.map(([name, field], index) => {
    const key = `${JSON.stringify(name)}: `;
    const comma = index < fields.length - 1 ? "," : "";
    return `${inner}${key}${layOut(field, inner, key.length, comma.length)}${comma}`;
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
}

/** @param {readonly unknown[]} values */
function layOutList(values, indent, before, after) {
  const inner = indent + step;
  const isSimple = values.every((value) => typeof value !== "object" || value === null);
  const line = isSimple ? `[${values.map((value) => JSON.stringify(value)).join(", ")}]` : "";
  if (isSimple && indent.length + before + line.length + after <= lineWidth) return line;
  const items = values.map((value, index) => {
    const comma = index < values.length - 1 ? "," : "";
    return `${layOut(value, inner, 0, comma.length)}${comma}`;
  });
  const isNumbers = values.every((value) => typeof value === "number");
  const lines = isNumbers ? fill(items, lineWidth - inner.length) : items;
  return `[\n${lines.map((text) => `${inner}${text}`).join("\n")}\n${indent}]`;
}

/**
 * @param {readonly string[]} items
 * @param {number} width
 */
function fill(items, width) {
  const lines = [items[0]];
  for (const item of items.slice(1)) {
    const last = lines[lines.length - 1];
    if (last.length + 1 + item.length <= width) lines[lines.length - 1] = `${last} ${item}`;
    else lines.push(item);
  }
  return lines;
}
