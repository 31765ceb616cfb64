/** Answers from the cache, so that the page opens without a network. */

import { cacheName, isOwnCache } from "../cache-name";

/** What `export.web` writes before this script: the site's version, its small files, and its large ones. */
declare const SITE: { version: string; files: string[]; large: string[] };
declare const self: ServiceWorkerGlobalScope;

const name = cacheName(SITE.version);

self.addEventListener("install", (event) => event.waitUntil(install()));

async function install(): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll(SITE.files.map(request));
  // At the first visit, the page stores the large files. At an update it shows the old version still.
  if (self.registration.active === null) return;
  await Promise.all(SITE.large.map((file) => cache.add(request(file)).catch(withoutSpace)));
}

/** Not from the browser's HTTP cache, which may have the files of the old version. */
function request(file: string): Request {
  return new Request(file, { cache: "reload" });
}

/** Without space for them, the page downloads the large files at each visit. */
function withoutSpace(error: unknown): void {
  if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
}

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((other) => isOwnCache(other) && other !== name).map((old) => caches.delete(old))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  event.respondWith(
    caches
      .open(name)
      .then((cache) => cache.match(event.request, { ignoreSearch: true }))
      .then((cached) => cached ?? fetch(event.request)),
  );
});
