/**
 * The model's text processing, token for token as in the SavedModel: text to token ids and back.
 *
 * Its rules, pieces and vocabularies come from `text.json`, which `export.web` writes from the
 * Python implementation in `ecm_tf/text`.
 */

import { capitalizeSentences } from "./capitals";
import { UnigramModel } from "./unigram";

/** A regular expression and the replacement of all its matches. */
export type Rule = readonly [pattern: string, replacement: string];

/** The content of `text.json`. */
export interface TextSettings {
  /** Maximum number of characters of a text; the rest is cut. */
  maxCharacters: number;
  normalization: "width" | "nfkc" | "none" | null;
  /** Removes format characters; absent for models that do not record a normalization. */
  formats: Rule[];
  /** Makes every run of spaces and control characters one space. */
  spaces: Rule[];
  /** Replaces digits by 0, for models that do so. */
  digits: Rule[];
  segmenter: "jieba" | "english" | "whitespace";
  /** Rules before a text is split into tokens. */
  split: Rule[];
  /** Rules that make a text of tokens joined by spaces. */
  join: Rule[];
  /** Known pieces of text and their log-probabilities; for the segmenter jieba only. */
  pieces: [piece: string, score: number][];
  postWords: string[];
  responseWords: string[];
  /** Number of special tokens at the beginning of both vocabularies. */
  specials: number;
  /** Id of the token for unknown words. */
  unknown: number;
}

type Replacement = (text: string) => string;

const ASCII_WORD = /^[A-Za-z0-9]+$/;
const FULL_WIDTH = /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/gu;
const WIDTH_OFFSET = 0xfee0;
const LONE_SURROGATES = /\p{Cs}/gu;

export class TextProcessor {
  private readonly formats: Replacement;
  private readonly spacesAndDigits: Replacement;
  private readonly beforeSplit: Replacement;
  private readonly afterJoin: Replacement;
  private readonly model: UnigramModel;
  private readonly postIds: Map<string, number>;

  constructor(private readonly settings: TextSettings) {
    this.formats = replacement(settings.formats);
    this.spacesAndDigits = replacement([...settings.spaces, ["^ | $", ""], ...settings.digits]);
    this.beforeSplit = replacement(settings.split);
    this.afterJoin = replacement(settings.join);
    this.model = new UnigramModel(settings.pieces);
    this.postIds = new Map(
      settings.postWords.slice(settings.specials).map((word, index) => [word, index + settings.specials]),
    );
  }

  /** Returns a text as the tokenizer takes it. */
  normalize(text: string): string {
    const { maxCharacters, normalization } = this.settings;
    let result = this.formats(firstCharacters(text.replace(LONE_SURROGATES, "\ufffd"), maxCharacters));
    if (normalization === "width") {
      result = result.replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - WIDTH_OFFSET));
    } else if (normalization === "nfkc") {
      result = firstCharacters(result.normalize("NFKC"), maxCharacters);
    }
    return this.spacesAndDigits(result);
  }

  /** Returns the tokens of a text. */
  tokenize(text: string): string[] {
    const { segmenter } = this.settings;
    const normalized = this.normalize(text);
    const prepared = this.beforeSplit(segmenter === "english" ? normalized.toLowerCase() : normalized);
    if (segmenter !== "jieba") return prepared.split(" ").filter((token) => token !== "");
    return joinAsciiWords(this.model.segment(prepared)).filter((token) => token !== " ");
  }

  /** Returns the ids of a post: at most `length` of them, then padding (0) up to this length. */
  postIdsOf(text: string, length: number): Int32Array {
    const ids = new Int32Array(length);
    const tokens = this.tokenize(text).slice(0, length);
    ids.set(tokens.map((token) => this.postIds.get(token) ?? this.settings.unknown));
    return ids;
  }

  /** Returns the words of a reply. */
  words(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => this.settings.responseWords[id]!);
  }

  /** Returns the text of a reply's words. */
  detokenize(words: string[]): string {
    const text = this.afterJoin(words.join(" "));
    return this.settings.segmenter === "english" ? capitalizeSentences(text) : text;
  }
}

function replacement(rules: readonly Rule[]): Replacement {
  const compiled = rules.map(([pattern, to]) => [new RegExp(pattern, "gu"), to] as const);
  return (text) => compiled.reduce((result, [pattern, to]) => result.replace(pattern, to), text);
}

function firstCharacters(text: string, count: number): string {
  // A character has at most two UTF-16 code units: cutting these first bounds the work.
  return Array.from(text.slice(0, 2 * count)).slice(0, count).join("");
}

/** Joins neighbouring pieces of ASCII letters and digits, as jieba keeps their runs together. */
function joinAsciiWords(pieces: string[]): string[] {
  const tokens: string[] = [];
  let continues = false;
  for (const piece of pieces) {
    const isWord = ASCII_WORD.test(piece);
    if (continues && isWord) tokens[tokens.length - 1] += piece;
    else tokens.push(piece);
    continues = isWord;
  }
  return tokens;
}
