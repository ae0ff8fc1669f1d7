/**
 * What a name, a password and a phone number must be to be taken. The Go server refuses the name `abc` and the
 * password `abc`, and takes `pushuser` with `secret1`; the rest is ours.
 */
import { isAccountName } from "../../store/accounts/name-key.ts";

/** Fewest bytes of UTF-8 in a name: `abc` is too short, a Chinese name of two characters is not. */
export const MIN_NAME_BYTES = 4;

/** Most characters of a name. */
export const MAX_NAME_LENGTH = 64;

/** Fewest characters of a password. */
export const MIN_PASSWORD_LENGTH = 6;

/** Most characters of a password: room for any sentence, and no work for the hash that matters. */
export const MAX_PASSWORD_LENGTH = 128;

/** Control characters and halves of characters: nobody can type them, and they are not the same bytes everywhere. */
const UNTYPABLE = /[\p{Cc}\p{Cs}]/u;

/** Eleven digits or more [user-5], up to what any numbering plan has and some room. */
const PHONE_NUMBER = /^\+?[0-9]{11,20}$/;

/** Tells whether somebody may register under a name. */
export function isNameAllowed(name: string): boolean {
  return Buffer.byteLength(name) >= MIN_NAME_BYTES && name.length <= MAX_NAME_LENGTH && isAccountName(name);
}

/** Tells whether somebody may choose a password. */
export function isPasswordAllowed(password: string): boolean {
  const { length } = password;
  return length >= MIN_PASSWORD_LENGTH && length <= MAX_PASSWORD_LENGTH && !UNTYPABLE.test(password);
}

/** Tells whether a text is a phone number: 11 to 20 digits, a plus sign in front if wanted. */
export function isPhoneNumber(text: string): boolean {
  return PHONE_NUMBER.test(text);
}
