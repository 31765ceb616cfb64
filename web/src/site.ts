/** The files of a site, which `export.web` writes. */

/** The content of `model/site.json`. */
export interface Site {
  /** Changes with every file of the site. */
  version: string;
  /** Name of the model. */
  model: string;
  /** BCP 47 tag of the language of posts and replies; empty if it can be any. */
  language: string;
  emotions: Emotion[];
  /** Number of token ids of a post, padding included. */
  postLength: number;
  examples: Example[];
  /** Sizes in bytes of what `download` fetches. */
  sizes: Record<LargeFile, number>;
  /** SHA-256 of these files, in hexadecimal. */
  digests: Record<LargeFile, string>;
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

/** LiteRT.js's runtime: a script, and the WebAssembly module that it loads. */
export const RUNTIME_SCRIPT = "wasm/litert_wasm_compat_internal.js";
export const RUNTIME_MODULE = "wasm/litert_wasm_compat_internal.wasm";
export const LARGE_FILES = ["model/ids.tflite", "model/text.json", RUNTIME_MODULE] as const;
export type LargeFile = (typeof LARGE_FILES)[number];
/** The model card. */
export const CARD = "model/card.txt";

/** Returns the absolute URL of a file of the site. */
export function url(file: string): string {
  return new URL(file, document.baseURI).href;
}

/** Returns the response for a file of the site, not that of an earlier version. */
export async function get(file: string): Promise<Response> {
  const response = await fetch(url(file), { cache: "no-cache" }).catch(() => failed(file));
  if (!response.ok) throw new Error(`${file}: expected the file, got status ${response.status}.`);
  return response;
}

/** Reports that the network failed; browsers' own messages do not name the file. */
export function failed(file: string): never {
  throw new Error(`${file}: the download failed. Check the connection, and reload the page.`);
}
