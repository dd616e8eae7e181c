/** nginx with WebDAV on loopback, as the user of the tests, in a folder of its own. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where Debian puts it, which is not on every user's PATH, and where the command `test` unpacks it. */
const places = [
  "nginx",
  "/usr/sbin/nginx",
  fileURLToPath(new URL("../../.test-server/usr/sbin/nginx", import.meta.url)),
];

/** The program, or undefined where it is not installed or has no WebDAV. */
export function findNginx(): string | undefined {
  for (const program of places) {
    try {
      const { success, stderr } = new Deno.Command(program, { args: ["-V"], stdout: "null" }).outputSync();
      if (success && new TextDecoder().decode(stderr).includes("http_dav_module")) return program;
    } catch { /* not there */ }
  }
  return undefined;
}

/** How the server is to be. */
export interface NginxOptions {
  /** Bearer token that is asked for. */
  readonly token?: string;
  /** Bytes a second for each answer. */
  readonly rate?: number;
}

/** A running server. */
export class Nginx {
  #child: Deno.ChildProcess | undefined;

  private constructor(readonly program: string, readonly folder: string, readonly port: number) {}

  /** Starts a server; its files lie in `folder`, which must be there and empty. */
  static async start(program: string, folder: string, options: NginxOptions = {}): Promise<Nginx> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const server = new Nginx(program, folder, port);
    await Deno.mkdir(server.files);
    await Deno.writeTextFile(join(folder, "nginx.conf"), configuration(folder, port, options));
    await server.start();
    return server;
  }

  /** Address for `CROSSVIEW_REMOTE_CACHE`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/crossview`;
  }

  /** Folder of the files it serves. */
  get files(): string {
    return join(this.folder, "files");
  }

  /** What was asked of it: method, path and status of each request. */
  async requests(): Promise<string[]> {
    const text = await Deno.readTextFile(join(this.folder, "access.log"));
    return text.trimEnd().split("\n").filter((line) => line !== "");
  }

  /** Starts it, again after {@linkcode Nginx.stop}. */
  async start(): Promise<void> {
    this.#child = new Deno.Command(this.program, {
      args: ["-p", this.folder, "-e", join(this.folder, "error.log"), "-c", join(this.folder, "nginx.conf")],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const { stderr } = this.#child;
    for (let tries = 0;; tries++) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        await stderr.cancel();
        return;
      } catch (error) {
        if (tries < 100) await new Promise((resolve) => setTimeout(resolve, 50));
        else throw new Error(`nginx did not start: ${await new Response(stderr).text()}`, { cause: error });
      }
    }
  }

  /** Ends it at once, in the middle of whatever it does. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function configuration(folder: string, port: number, { token, rate }: NginxOptions): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/temporary;`
  ).join(" ");
  return `
    daemon off; master_process off; pid ${folder}/nginx.pid;
    events {}
    http {
      ${temporary}
      log_format short '$request_method $uri $status'; access_log ${folder}/access.log short;
      server {
        listen 127.0.0.1:${port}; client_max_body_size 0;
        location /crossview/ {
          alias ${folder}/files/; dav_methods PUT; create_full_put_path on; dav_access user:rw;
          ${rate === undefined ? "" : `limit_rate ${rate};`}
          ${token === undefined ? "" : `if ($http_authorization != "Bearer ${token}") { return 401; }`}
        }
      }
    }`;
}
