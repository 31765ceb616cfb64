/** Downloads with progress, kept in the browser's cache for the next visit and for offline use. */

import { cacheName, isOwnCache } from "./cache-name";
import { failed, get, LARGE_FILES, url, type LargeFile, type Site } from "./site";

/** Called with the number of bytes that have arrived, and with that of all bytes. */
export type OnProgress = (received: number, total: number) => void;

/** Returns the content of the site's large files. */
export async function download(
  site: Site,
  onProgress: OnProgress,
): Promise<Record<LargeFile, Uint8Array<ArrayBuffer>>> {
  const cache = await openCache(site.version);
  const total = LARGE_FILES.reduce((sum, file) => sum + site.sizes[file], 0);
  let received = 0;
  const contents = LARGE_FILES.map(async (file) => {
    const cached = await cache?.match(url(file));
    const content = await read(cached ?? (await get(file)), (bytes) => {
      received += bytes;
      onProgress(received, total);
    }).catch(() => failed(file));
    if (content.length !== site.sizes[file] || !(await hasDigest(content, site.digests[file]))) {
      await forgetSite();
      throw new Error(`${file}: the site has changed since it was stored here. Reload the page.`);
    }
    // Without space for it, the file is downloaded again at the next visit.
    if (!cached) await cache?.put(url(file), new Response(content)).catch(console.warn);
    return [file, content] as const;
  });
  return Object.fromEntries(await Promise.all(contents)) as Record<LargeFile, Uint8Array<ArrayBuffer>>;
}

/** Compares a file with its SHA-256, in hexadecimal. Only pages of secure origins can; no others are stored. */
async function hasDigest(content: Uint8Array<ArrayBuffer>, expected: string): Promise<boolean> {
  if (!self.isSecureContext) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === expected;
}

/** Deletes what the browser stores of the site, so that the next visit gets all of it anew. */
async function forgetSite(): Promise<void> {
  const here = new URL(".", document.baseURI).href;
  const registration = await navigator.serviceWorker?.getRegistration(here);
  if (registration?.scope === here) await registration.unregister();
  if (!("caches" in self)) return;
  await Promise.all((await caches.keys()).filter(isOwnCache).map((name) => caches.delete(name)));
}

/** Returns the cache; null where the browser has none, as for pages from `http` on another machine. */
async function openCache(version: string): Promise<Cache | null> {
  if (!("caches" in self)) return null;
  return caches.open(cacheName(version)).catch(() => null);
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
