/** A card for each reply, in the colour of its emotion. */

import type { Emotion } from "./site";

/** Returns the card of a reply; emotion words of its emotion are marked. */
export function card(emotion: Emotion, text: string, words: string[], language: string): HTMLElement {
  const article = document.createElement("article");
  article.style.setProperty("--colour", emotion.colour);
  const heading = document.createElement("h2");
  heading.textContent = emotion.name;
  const chinese = document.createElement("span");
  chinese.lang = "zh";
  chinese.textContent = emotion.chinese;
  heading.append(" ", chinese);
  const reply = document.createElement("p");
  reply.lang = language;
  reply.append(...marked(text, words, new Set(emotion.words)));
  article.append(heading, reply);
  return article;
}

/** Returns the parts of a text, with `<mark>` around those of its words that are emotion words. */
function marked(text: string, words: string[], emotionWords: Set<string>): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  // A sentence may have capitals that its words lack; both have the same length.
  const lower = text.toLowerCase();
  let end = 0;
  for (const word of words) {
    const start = lower.indexOf(word.toLowerCase(), end);
    if (start < 0 || !emotionWords.has(word)) continue;
    parts.push(text.slice(end, start));
    end = start + word.length;
    const mark = document.createElement("mark");
    mark.textContent = text.slice(start, end);
    parts.push(mark);
  }
  return [...parts, text.slice(end)];
}
