/** Downloads with progress, kept in the browser's cache for the next visit and for offline use. */

import { cacheName } from "./cache-name";
import { get, LARGE_FILES, url, type LargeFile, type Site } from "./site";

/** Called with the number of bytes that have arrived, and with that of all bytes. */
export type OnProgress = (received: number, total: number) => void;

/** Returns the content of the site's large files. */
export async function download(
  site: Site,
  onProgress: OnProgress,
): Promise<Record<LargeFile, Uint8Array<ArrayBuffer>>> {
  // Browsers offer the cache only to pages from https or from this machine.
  const cache = "caches" in self ? await caches.open(cacheName(site.version)) : null;
  const total = LARGE_FILES.reduce((sum, file) => sum + site.sizes[file], 0);
  let received = 0;
  const contents = LARGE_FILES.map(async (file) => {
    const cached = await cache?.match(url(file));
    const content = await read(cached ?? (await get(file)), (bytes) => {
      received += bytes;
      onProgress(received, total);
    });
    if (content.length !== site.sizes[file]) {
      throw new Error(`${file}: expected ${site.sizes[file]} bytes, got ${content.length}.`);
    }
    if (!cached) await cache?.put(url(file), new Response(content));
    return [file, content] as const;
  });
  return Object.fromEntries(await Promise.all(contents)) as Record<LargeFile, Uint8Array<ArrayBuffer>>;
}

async function read(
  response: Response,
  onBytes: (count: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onBytes(chunk.length);
      controller.enqueue(chunk);
    },
  });
  return new Uint8Array(await new Response(response.body!.pipeThrough(counter)).arrayBuffer());
}
