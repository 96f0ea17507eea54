/**
 * Making an input that fails as short and as plain as it can be.
 */

/**
 * @param fails whether an input still fails
 * @param maxTries how often to ask at most
 */
export async function minimise(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
  maxTries: number = 2000,
): Promise<Uint8Array> {
  let smallest = input;
  let tries = 0;
  const isBetter = async (candidate: Uint8Array): Promise<boolean> => {
    if (tries >= maxTries) return false;
    tries++;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  // Ever shorter pieces are left out, each as long as that goes on failing.
  for (let length = Math.ceil(input.byteLength / 2); length >= 1 && tries < maxTries; length = Math.floor(length / 2)) {
    for (let start = 0; start < smallest.byteLength && tries < maxTries; ) {
      const without = Buffer.concat([smallest.subarray(0, start), smallest.subarray(start + length)]);
      if (!(await isBetter(Uint8Array.from(without)))) start += length;
    }
  }
  // What is left is made zero where it does not matter.
  for (let at = 0; at < smallest.byteLength && tries < maxTries; at++) {
    if (smallest[at] === 0) continue;
    const plain = Uint8Array.from(smallest);
    plain[at] = 0;
    await isBetter(plain);
  }
  return smallest;
}
