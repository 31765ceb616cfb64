/** Segmentation by a unigram model of words, equal to SentencePiece's to the last bit. */

/** What SentencePiece subtracts from the lowest score for an unknown character. */
const UNKNOWN_PENALTY = 10;

export class UnigramModel {
  private readonly scores: Map<string, number>;
  private readonly longest: number;
  private readonly unknown: number;

  /** @param pieces known pieces of text and their log-probabilities in nats, in float32. */
  constructor(pieces: readonly (readonly [piece: string, score: number])[]) {
    this.scores = new Map(pieces);
    this.longest = pieces.reduce((length, [piece]) => Math.max(length, piece.length), 1);
    const lowest = pieces.reduce((score, [, other]) => Math.min(score, other), Infinity);
    this.unknown = Math.fround(lowest - UNKNOWN_PENALTY);
  }

  /**
   * Returns the most probable pieces of a text. A run of unknown characters is one piece.
   *
   * Equally probable segmentations are frequent: 呜呜 + 呜 and 呜 + 呜呜. To choose the same one as
   * SentencePiece, this stores sums in float32, compares them before they are rounded, and keeps
   * the first of equals.
   */
  segment(text: string): string[] {
    const scores = new Float32Array(text.length + 1);
    const starts = new Int32Array(text.length + 1).fill(-1);
    const isUnknown = new Uint8Array(text.length + 1);
    const offer = (start: number, end: number, sum: number, unknown: boolean): void => {
      if (starts[end] !== -1 && sum <= scores[end]!) return;
      scores[end] = sum;
      starts[end] = start;
      isUnknown[end] = Number(unknown);
    };
    for (let start = 0; start < text.length; ) {
      const next = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      const limit = Math.min(start + this.longest, text.length);
      let isKnown = false;
      for (let end = next; end <= limit; end++) {
        const score = this.scores.get(text.slice(start, end));
        if (score === undefined) continue;
        offer(start, end, scores[start]! + score, false);
        isKnown ||= end === next;
      }
      if (!isKnown) offer(start, next, Math.fround(scores[start]! + this.unknown), true);
      start = next;
    }
    return backtrack(text, starts, isUnknown);
  }
}

function backtrack(text: string, starts: Int32Array, isUnknown: Uint8Array): string[] {
  const pieces: string[] = [];
  let followsUnknown = false;
  for (let end = text.length; end > 0; end = starts[end]!) {
    const piece = text.slice(starts[end], end);
    if (followsUnknown && isUnknown[end]) pieces[pieces.length - 1] = piece + pieces.at(-1)!;
    else pieces.push(piece);
    followsUnknown = isUnknown[end] === 1;
  }
  return pieces.reverse();
}
