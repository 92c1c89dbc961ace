/**
 * A smaller input that is still wrong: stretches are left out, longest first, as long as the fault stays (delta
 * debugging), for at most `maxMs`.
 */
export async function shrink(
  input: Uint8Array,
  maxMs: number,
  isStillWrong: (smaller: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  const endMs = performance.now() + maxMs
  let best = input
  for (let size = Math.ceil(input.length / 2); size >= 1 && performance.now() < endMs; size = size >> 1) {
    for (let at = 0; at < best.length && performance.now() < endMs; ) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      if (await isStillWrong(smaller)) best = smaller
      else at += size
    }
  }
  return best
}
