/** Answers from the cache, so that the page opens without a network. */

import { cacheName, isOldCache } from "../cache-name";

/** What `export.web` writes before this script: the site's version, and its small files. */
declare const SITE: { version: string; files: string[] };
declare const self: ServiceWorkerGlobalScope;

const name = cacheName(SITE.version);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(SITE.files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((other) => isOldCache(other, name)).map((old) => caches.delete(old))))
      .then(() => self.clients.claim()),
  );
});

// The page puts the large files into the same cache.
self.addEventListener("fetch", (event) => {
  event.respondWith(
    caches
      .open(name)
      .then((cache) => cache.match(event.request, { ignoreSearch: true }))
      .then((cached) => cached ?? fetch(event.request)),
  );
});
