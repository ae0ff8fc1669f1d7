/**
 * How long to wait before the next try: evenly from 0 to a bound that doubles (full jitter), so that clients which
 * lost their server together don't come back together.
 */

/** Returns the delay before try number `attempt` (from 1), in ms. @param random from 0 to below 1 */
export function backoffMs(
  attempt: number,
  random: number,
  bounds: { firstDelayMs: number; maxDelayMs: number },
): number {
  const bound = Math.min(bounds.maxDelayMs, bounds.firstDelayMs * 2 ** (attempt - 1));
  return Math.floor(random * bound);
}
