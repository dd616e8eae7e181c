/** Decodes one picture in a process that may only read: `read_image_child.ts <file>`. @module */
import { decodePicture } from "../../stages/codecs/picture.ts";

const bytes = Deno.readFileSync(Deno.args[0]!);
const { width, height, data } = await decodePicture(bytes, "large", { orientation: "upright" });
Deno.stdout.writeSync(new TextEncoder().encode(`${width} × ${height}, ${data.length} bytes\n`));
// Whoever started this process looks at its peak memory while it is still there.
await Deno.stdin.read(new Uint8Array(1));
