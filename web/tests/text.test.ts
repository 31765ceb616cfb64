/** The page's text processing against the ids of the graph's tokenizer, which the fixtures hold. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TextProcessor, type TextSettings } from "../src/text";

interface Fixture {
  settings: TextSettings;
  length: number;
  posts: { text: string; repeat: number; ids: number[] }[];
  replies: { ids: number[]; text: string }[];
}

const directory = process.env.ECM_FIXTURES ?? fileURLToPath(new URL("fixtures/", import.meta.url));
const names = (process.env.ECM_FIXTURE_NAMES ?? "chinese nfkc unrecorded whitespace english").split(" ");

test.each(names)("%s: ids of posts and texts of replies", (name) => {
  const fixture: Fixture = JSON.parse(readFileSync(`${directory}/${name}.json`, "utf-8"));
  const processor = new TextProcessor(fixture.settings);
  for (const { text, repeat, ids } of fixture.posts) {
    const padded = [...ids, ...Array(fixture.length - ids.length).fill(0)];
    const result = processor.postIdsOf(text.repeat(repeat), fixture.length);
    expect(Array.from(result), JSON.stringify([text, repeat])).toEqual(padded);
  }
  for (const { ids, text } of fixture.replies) {
    expect(processor.detokenize(processor.words(ids))).toBe(text);
  }
});
