/** Answers from the cache, so that the page opens without a network. */

import { cacheName, isOldCache } from "../cache-name";

/** What `export.web` writes before this script: the site's version, its small files, and its large ones. */
declare const SITE: { version: string; files: string[]; large: string[] };
declare const self: ServiceWorkerGlobalScope;

const name = cacheName(SITE.version);

self.addEventListener("install", (event) => {
  // At the first visit, the page stores the large files. At an update it shows the old version still.
  const isUpdate = self.registration.active !== null;
  const files = isUpdate ? [...SITE.files, ...SITE.large] : SITE.files;
  // Not from the browser's HTTP cache, which may have the files of the old version.
  const requests = files.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((other) => isOldCache(other, name)).map((old) => caches.delete(old))))
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
