/** Which parts of a reply are marked as emotion words. */

import { expect, test } from "vitest";
import { partsOf } from "../src/cards";

test.each([
  ["That is funny, ha ha!", ["that", "is", "funny", ",", "ha", "ha", "!"], ["ha"], "That is funny, [ha] [ha]!"],
  ["天气真让人气", ["天气", "真", "让", "人", "气"], ["气"], "天气真让人[气]"],
  ["Happy? I'm happy.", ["happy", "?", "i", "'m", "happy", "."], ["happy"], "[Happy]? I'm [happy]."],
  ["好", ["好"], [], "好"],
  ["", [], ["好"], ""],
])("%s", (text, words, emotionWords, expected) => {
  const parts = partsOf(text, words, new Set(emotionWords));
  expect(parts.map((part) => (part.marked ? `[${part.text}]` : part.text)).join("")).toBe(expected);
});
