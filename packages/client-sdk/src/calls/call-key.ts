/**
 * Keys of calls that run once. [call-5] The server keeps each user's apart, so that a key has to be new, not secret:
 * a random beginning for each game, then a count.
 */

/** Random characters of a game's keys: 24 digits of base 36 are 124 bits. */
const PARTS = 3;
const PART_LENGTH = 8;

/** Makes the function that makes keys. @param random numbers from 0 to below 1 */
export function createKeys(random: () => number): () => string {
  let beginning = "";
  let made = 0;
  return () => {
    while (beginning.length < PARTS * PART_LENGTH) {
      beginning += Math.floor(random() * 36 ** PART_LENGTH)
        .toString(36)
        .padStart(PART_LENGTH, "0");
    }
    return `${beginning}-${(made++).toString(36)}`;
  };
}
