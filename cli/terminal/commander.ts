/** Commander behind {@linkcode Command}: the only file that knows which library reads the command line. @module */
import { Argument, Command as Parser, CommanderError, Option } from "commander";
import { type Command, CommandInput } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Reads a command line and runs what it names.
 *
 * @param root The program with its commands.
 * @param args As typed, without the program's name.
 * @returns The exit status: that of the command; 0 for help; 2 for a command line that is wrong.
 * @throws What the command throws.
 */
export async function runProgram(
  root: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let status = 0;
  const parser = build(root, terminal, (code) => status = code);
  try {
    await parser.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

/** Characters of a line of help at most: longer ones are hard to read. */
const widestHelp = 110;

/**
 * A text with its paragraphs wrapped to a width. The line ends within them are for whoever reads the source; indented lines stay
 * as they are, which is why Commander wraps nothing of a text that has some.
 */
function flowing(text: string, width: number): string {
  const lines: string[] = [];
  let flows = false;
  for (const line of text.split("\n")) {
    const words = line === "" || /^\s/.test(line) ? [line] : line.split(" ");
    for (const [i, word] of words.entries()) {
      const last = lines.at(-1);
      const joins = (i > 0 || flows && words.length > 1) && last !== undefined &&
        last.length + 1 + word.length <= width;
      if (joins) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    flows = words.length > 1;
  }
  return lines.join("\n");
}

function build(command: Command, terminal: Terminal, done: (status: number) => void): Parser {
  const helpWidth = Math.min(widestHelp, terminal.columns ?? widestHelp);
  const { summary, details } = command;
  const parser = new Parser(command.name)
    .description(flowing(details === undefined ? summary : `${summary}\n\n${details}`, helpWidth))
    .summary(summary)
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ helpWidth })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    });
  for (const { name, description, count = "required" } of command.arguments ?? []) {
    const spelled = { required: `<${name}>`, optional: `[${name}]`, several: `[${name}...]` }[count];
    parser.addArgument(new Argument(spelled, description));
  }
  for (const { name, short, value, description, repeats } of command.options ?? []) {
    const long = value === undefined ? `--${name}` : `--${name} <${value}>`;
    const option = new Option(short === undefined ? long : `-${short}, ${long}`, description);
    if (repeats) option.argParser((text: string, before: string[] = []) => [...before, text]);
    parser.addOption(option);
  }
  if (command.passesOn) parser.allowUnknownOption().allowExcessArguments().passThroughOptions();
  if (command.version !== undefined) parser.version(command.version, "--version", "print the version");
  // An option after a command's name is that command's own, though its group may have one of the same name.
  if (command.commands) parser.enablePositionalOptions();
  for (const child of command.commands ?? []) parser.addCommand(build(child, terminal, done));
  const { run } = command;
  if (run !== undefined) {
    parser.action(async () =>
      done(await run(new CommandInput(parser.args, optionsOf(parser), terminal)) ?? 0)
    );
  }
  return parser;
}

/** What was given, by the names as they are typed: Commander spells `--all-blobs` as `allBlobs`. */
function optionsOf(parser: Parser): ConstructorParameters<typeof CommandInput>[1] {
  const given = parser.opts();
  return Object.fromEntries(
    parser.options.map((option) => [option.long!.slice(2), given[option.attributeName()]]),
  );
}
