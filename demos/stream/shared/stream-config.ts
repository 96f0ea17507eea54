// The configuration in a key frame's header: what a decoder needs before the first octet.

/** Of coded pictures: what WebCodecs calls a `VideoDecoderConfig`. */
export interface CodecConfig {
  readonly codec: string;
  readonly codedWidth: number;
  readonly codedHeight: number;
}

/** Of a byte stream. */
export interface TypeConfig {
  /** What `MediaSource.addSourceBuffer` is given. */
  readonly type: string;
  readonly init: Uint8Array;
}

/** Longer than the name of any codec. */
const TYPE_BYTES_MAX = 255;

/** The configuration of coded pictures: JSON. */
export function configForCodec({ codec, codedWidth, codedHeight }: CodecConfig): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ codec, codedWidth, codedHeight }));
}

/** @returns Nothing for what is none */
export function readCodecConfig(octets: Uint8Array): CodecConfig | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(octets));
    if (typeof value !== "object" || value === null) return undefined;
    const { codec, codedWidth, codedHeight } = value as Record<string, unknown>;
    const isConfig = typeof codec === "string" && typeof codedWidth === "number" && typeof codedHeight === "number";
    return isConfig ? { codec, codedWidth, codedHeight } : undefined;
  } catch {
    return undefined;
  }
}

/** The configuration of a byte stream: the length of its type in an octet, the type, the initialization segment. */
export function configForType(type: string, init: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(type);
  if (name.length > TYPE_BYTES_MAX) throw new RangeError(`a type of ${name.length} octets`);
  const octets = new Uint8Array(1 + name.length + init.length);
  octets[0] = name.length;
  octets.set(name, 1);
  octets.set(init, 1 + name.length);
  return octets;
}

/** @returns Nothing for what is none */
export function readTypeConfig(octets: Uint8Array): TypeConfig | undefined {
  const [length] = octets;
  if (length === undefined || octets.length < 1 + length) return undefined;
  return { type: new TextDecoder().decode(octets.subarray(1, 1 + length)), init: octets.subarray(1 + length) };
}
