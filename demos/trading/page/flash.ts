// A short light behind what has changed. Who wants less motion has none, by the style sheet.

/**
 * Lets an element flash, again if it does already.
 * @param kind "up", "down", or "" for neither.
 */
export function flash(target: HTMLElement, kind: "up" | "down" | ""): void {
  // Two animations that look the same: to change from one to the other begins anew without a layout in between.
  const isFirst = target.dataset["flash"]?.endsWith("1") ?? false;
  target.dataset["flash"] = `${kind}${isFirst ? "2" : "1"}`;
}
