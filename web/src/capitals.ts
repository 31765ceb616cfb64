/** Capital letters of English sentences. */

/** The beginning of a text or sentence, an opening quotation mark or bracket, and a small letter. */
const FIRST_LETTER = /(?<=^|[.!?] |(?:^|[.!?] )["'(])[a-z]/gu;

/** Capitalizes the first ASCII letter of each sentence. */
export function capitalizeSentences(text: string): string {
  return text.replace(FIRST_LETTER, (letter) => letter.toUpperCase());
}
