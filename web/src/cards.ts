/** A card for each reply, in the colour of its emotion. */

import type { Emotion } from "./site";

/** Returns the card of a reply; emotion words of its emotion are marked. */
export function card(emotion: Emotion, text: string, words: string[], language: string): HTMLElement {
  const article = document.createElement("article");
  article.style.setProperty("--colour", emotion.colour);
  const heading = document.createElement("h2");
  heading.textContent = emotion.name;
  // An emotion without a Chinese name has its name twice.
  if (emotion.chinese !== emotion.name) {
    const chinese = document.createElement("span");
    chinese.lang = "zh";
    chinese.textContent = emotion.chinese;
    heading.append(" ", chinese);
  }
  const reply = document.createElement("p");
  reply.lang = language;
  for (const part of partsOf(text, words, new Set(emotion.words))) {
    const mark = document.createElement("mark");
    mark.textContent = part.text;
    reply.append(part.marked ? mark : part.text);
  }
  article.append(heading, reply);
  return article;
}

/** A part of a reply: an emotion word, which is to be marked, or the text between two of them. */
export interface Part {
  text: string;
  marked: boolean;
}

/** Returns the parts of a text, which has these words in this order. */
export function partsOf(text: string, words: string[], emotionWords: Set<string>): Part[] {
  const parts: Part[] = [];
  // A sentence may have capitals that its words lack; both have the same length.
  const lower = text.toLowerCase();
  let [endOfPart, endOfWord] = [0, 0];
  for (const word of words) {
    const start = lower.indexOf(word.toLowerCase(), endOfWord);
    if (start < 0) continue;
    endOfWord = start + word.length;
    if (!emotionWords.has(word)) continue;
    if (start > endOfPart) parts.push({ text: text.slice(endOfPart, start), marked: false });
    parts.push({ text: text.slice(start, endOfWord), marked: true });
    endOfPart = endOfWord;
  }
  if (endOfPart < text.length) parts.push({ text: text.slice(endOfPart), marked: false });
  return parts;
}
