/** A registry of one package on this machine, as npm's answers. @module */
import { createHash } from "node:crypto";

/** A registry that answers until it is disposed. */
export interface NpmRegistry extends AsyncDisposable {
  /** For `.npmrc`: its scope leads here, all other names to npm's own registry. */
  readonly npmrc: string;
}

/**
 * Serves a package.
 *
 * @param manifest Its `package.json`; the name has a scope.
 */
export function serveNpm(
  manifest: { readonly name: string; readonly version: string },
  tarball: Uint8Array<ArrayBuffer>,
): NpmRegistry {
  const { name, version } = manifest;
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname, origin } = new URL(url);
    if (pathname.endsWith(".tgz")) return new Response(tarball);
    if (decodeURIComponent(pathname.slice(1)) !== name) return new Response("unknown", { status: 404 });
    const dist = { tarball: `${origin}/${name}/-/package-${version}.tgz`, integrity };
    return Response.json({
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
      // Deno takes no package that has just been published.
      time: { [version]: "2020-01-01T00:00:00.000Z" },
    });
  });
  return {
    npmrc: `${name.split("/")[0]}:registry=http://127.0.0.1:${server.addr.port}/\n`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
