/** A store of files over HTTP, in a process of its own: `deno run … file_server.ts FOLDER` prints its port. @module */
import { dirname, join } from "node:path";

/** Milliseconds before each answer, so that there are moments between them. */
const pause = 15;

async function answer(folder: string, request: Request): Promise<Response> {
  const path = join(folder, new URL(request.url).pathname);
  await new Promise((resolve) => setTimeout(resolve, pause));
  if (request.method === "PUT") return await put(path, request);
  try {
    const bytes = await Deno.readFile(path);
    const headers = { "content-length": String(bytes.length) };
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Response(null, { status: 404 });
    throw error;
  }
}

/** As servers do: a file is there once all of it has come, and half of one never. */
async function put(path: string, request: Request): Promise<Response> {
  const bytes = await request.bytes().catch(() => undefined);
  if (bytes?.length !== Number(request.headers.get("content-length"))) {
    return new Response(null, { status: 400 });
  }
  await Deno.mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${crypto.randomUUID()}`;
  await Deno.writeFile(aside, bytes);
  await Deno.rename(aside, path);
  return new Response(null, { status: 201 });
}

if (import.meta.main) {
  const [folder] = Deno.args;
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
    (request) => answer(folder!, request),
  );
}
