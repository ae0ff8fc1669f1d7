/**
 * What account names are compared by. SQLite compares bytes, MySQL ignores case and trailing spaces unless told
 * otherwise: so neither is asked, the key is made here and stored in a column that is compared byte by byte.
 */

/** Longest account name in UTF-16 units. */
export const MAX_ACCOUNT_NAME_LENGTH = 128;

/** Longest key in UTF-8 bytes; what the column holds. Compatibility forms can grow a name, up to 18 times a character. */
export const MAX_NAME_KEY_BYTES = 512;

// Unassigned code points are refused because a later Unicode may give them a case or a decomposition, and a key must
// never change. Surrogates are lone ones here: with the u flag a pair is one code point.
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]|^\s|\s$/u;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Returns the key of a name: compatibility forms, case and invisible characters no longer matter (`Ａnna`, `ANNA` and
 * `anna` share one). It is Unicode's NFKC_Casefold, as near as JavaScript comes to it: upper case, then lower case,
 * stands in for case folding. The key of a key is itself; so is that of a text longer than any key can be, which costs
 * nothing: callers need not bound what a client sent.
 */
export function accountNameKey(name: string): string {
  if (name.length > MAX_NAME_KEY_BYTES) return name;
  let key = foldOnce(name);
  // One pass is enough for nearly every text; a few (an iota subscript, say) settle in the second.
  for (let again = foldOnce(key); again !== key; again = foldOnce(key)) key = again;
  return key;
}

function foldOnce(text: string): string {
  return text.normalize("NFKC").replace(IGNORABLE, "").toUpperCase().toLowerCase().normalize("NFKC");
}

/**
 * Tells whether a text can be an account's name: 1 to {@link MAX_ACCOUNT_NAME_LENGTH} characters, well-formed, no
 * control characters, no space at either end, and something visible in it. It sets no shortest length; the user
 * module does.
 */
export function isAccountName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_ACCOUNT_NAME_LENGTH || FORBIDDEN.test(name)) return false;
  const key = accountNameKey(name);
  return key.length > 0 && key.trim() === key && Buffer.byteLength(key) <= MAX_NAME_KEY_BYTES;
}
