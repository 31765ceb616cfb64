/** The name of the browser's cache for a version of the site. */

/** Returns the name; it begins with the site's address, because a host can have several sites. */
export function cacheName(version: string): string {
  return `${new URL(".", self.location.href).href} ${version}`;
}

/** Whether a cache belongs to the site, in any version. */
export function isOwnCache(name: string): boolean {
  return name.startsWith(cacheName(""));
}
