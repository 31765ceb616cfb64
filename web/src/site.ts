/** The files of a site, which `export.web` writes. */

/** The content of `model/site.json`. */
export interface Site {
  /** Changes with every file of the site. */
  version: string;
  /** Name of the model. */
  model: string;
  /** BCP 47 tag of the language of posts and replies. */
  language: string;
  emotions: Emotion[];
  /** Number of token ids of a post, padding included. */
  postLength: number;
  examples: Example[];
  /** Sizes in bytes of what `Downloads` fetches. */
  sizes: Record<LargeFile, number>;
}

export interface Emotion {
  name: string;
  chinese: string;
  colour: string;
  /** Words of the external memory. */
  words: string[];
}

export interface Example {
  text: string;
  /** Translation; absent for English. */
  english?: string;
}

export const LARGE_FILES = [
  "model/ids.tflite",
  "model/text.json",
  "wasm/litert_wasm_compat_internal.wasm",
] as const;
export type LargeFile = (typeof LARGE_FILES)[number];
export const RUNTIME = "wasm/litert_wasm_compat_internal.js";

/** Returns the absolute URL of a file of the site. */
export function url(file: string): string {
  return new URL(file, document.baseURI).href;
}

/** Returns the response for a file of the site. */
export async function get(file: string): Promise<Response> {
  const response = await fetch(url(file));
  if (!response.ok) throw new Error(`${file}: expected the file, got status ${response.status}.`);
  return response;
}
