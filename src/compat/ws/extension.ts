/**
 * `ws`'s `extension`: the header `Sec-WebSocket-Extensions` as nested objects.
 */
import { type ExtensionParameter, formatExtensions, parseExtensions } from "../../protocol/index.js";

/** The parameters of one offer by their names; `true` for one that stands alone. */
export type ParsedParameters = Record<string, (string | true)[]>;

/** Offers by the names of their extensions. Neither kind of object has a prototype. */
export type ParsedExtensions = Record<string, ParsedParameters[]>;

type Value = string | number | boolean;
type FormattedParameters = Readonly<Record<string, Value | readonly Value[]>>;

/**
 * Reads the header.
 *
 * @throws SyntaxError for one that breaks the grammar of RFC 6455 §9.1
 */
function parse(header: string): ParsedExtensions {
  const read = parseExtensions([header]);
  if (!read.ok) {
    throw new SyntaxError(
      read.position < header.length ? `Unexpected character at index ${read.position}` : "Unexpected end of input",
    );
  }
  const offers = Object.create(null) as ParsedExtensions;
  for (const { name, parameters } of read.extensions) (offers[name] ??= []).push(parametersByName(parameters));
  return offers;
}

function parametersByName(parameters: readonly ExtensionParameter[]): ParsedParameters {
  const byName = Object.create(null) as ParsedParameters;
  for (const { name, value } of parameters) (byName[name] ??= []).push(value ?? true);
  return byName;
}

/**
 * Writes the header.
 *
 * @param extensions by name, the parameters of one offer or of several; each parameter has a value or several
 * @throws UsageError `extension-invalid` for a name or value that is no token
 */
function format(extensions: Readonly<Record<string, FormattedParameters | readonly FormattedParameters[]>>): string {
  const offers = Object.entries(extensions).flatMap(([name, offered]) =>
    [offered].flat().map((parameters) => ({ name, parameters: Object.entries(parameters).flatMap(written) })),
  );
  return formatExtensions(offers);
}

function written([name, values]: [string, Value | readonly Value[]]): ExtensionParameter[] {
  return [values].flat().map((value) => ({ name, value: value === true ? undefined : String(value) }));
}

/** See the head of this file. */
export const extension: { readonly parse: typeof parse; readonly format: typeof format } = { parse, format };
