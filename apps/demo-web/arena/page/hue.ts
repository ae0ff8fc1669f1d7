/**
 * A colour for each seat: hues that are far from each other for seats that are near.
 */

/** The golden angle, in degrees. */
const STEP = 137.508;

/** The style by which arena.css knows a seat's hue. */
export function hueOf(seat: number): { readonly "--angle": string } {
  return { "--angle": ((260 + (seat - 1) * STEP) % 360).toFixed(0) };
}
