/** Decodes one PNG file in a process that may only read: `read_image_child.ts <file>`. @module */
import { decodePng } from "../../stages/codecs/png.ts";

const { width, height, data } = decodePng(Deno.readFileSync(Deno.args[0]!), "large.png");
Deno.stdout.writeSync(new TextEncoder().encode(`${width} × ${height}, ${data.length} bytes\n`));
// Whoever started this process looks at its peak memory while it is still there.
await Deno.stdin.read(new Uint8Array(1));
