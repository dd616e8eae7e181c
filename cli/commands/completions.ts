/** `completions`: what a shell offers at the tabulator key. @module */
import type { ArgumentSpec, Command } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { experimentNames } from "../experiment/experiment.ts";
import { experimentArgument, experimentsArgument } from "../terminal/options.ts";

/** What can follow a path of commands. */
interface Offer {
  /** The commands typed so far, e.g. "weights convert"; "" for none. */
  readonly path: string;
  readonly words: readonly string[];
}

/** How each shell is told; what no offer has is a file. */
const shells: Readonly<Record<string, (offers: readonly Offer[]) => string>> = { bash, zsh, fish };

/**
 * The command, of a program.
 *
 * @param commands Gives all commands; asked when the command is run, as it is one of them.
 */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "print what a shell completes crossview's command line by",
    details: `For crossview as it is installed:
  eval "$(crossview completions bash)"      in ~/.bashrc; zsh likewise
  crossview completions fish | source       in config.fish`,
    arguments: [{ name: "shell", description: Object.keys(shells).join(", ") }],
    async run(input) {
      const [shell] = input.positional;
      const script = Object.hasOwn(shells, shell!) ? shells[shell!] : undefined;
      if (script === undefined) {
        throw new UsageError(`Cannot complete in "${shell}": known are ${Object.keys(shells).join(", ")}.`);
      }
      input.terminal.print(script(offersOf(commands(), await experimentNames())));
    },
  };
}

const namesExperiments = (argument: ArgumentSpec) =>
  argument === experimentArgument || argument === experimentsArgument;

function offersOf(commands: readonly Command[], experiments: readonly string[], path = ""): Offer[] {
  const below = commands.flatMap((command) => {
    const words = [
      ...(command.commands ?? []).map(({ name }) => name),
      ...(command.options ?? []).map(({ name }) => `--${name}`),
      "--help",
      ...(command.arguments?.some(namesExperiments) ? experiments : []),
    ];
    const own = `${path} ${command.name}`.trim();
    return [{ path: own, words }, ...offersOf(command.commands ?? [], experiments, own)];
  });
  return path === "" ? [{ path, words: [...commands.map(({ name }) => name), "--help"] }, ...below] : below;
}

/** A `case` over the commands typed so far, for shells that have it alike. */
function cases(offers: readonly Offer[]): string {
  const depth = ({ path }: Offer) => path === "" ? 0 : path.split(" ").length;
  // "weights convert" begins with "weights", and all with nothing.
  return offers.toSorted((a, b) => depth(b) - depth(a)).map(({ path, words }) =>
    `    ${path === "" ? "" : `"${path} "`}*) offered="${words.join(" ")}" ;;`
  ).join("\n");
}

function bash(offers: readonly Offer[]): string {
  return `_crossview() {
  local offered typed="\${COMP_WORDS[*]:1:COMP_CWORD-1} "
  case "$typed" in
${cases(offers)}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _crossview crossview`;
}

function zsh(offers: readonly Offer[]): string {
  return `_crossview() {
  local offered typed="\${words[2,CURRENT-1]} "
  case "$typed" in
${cases(offers)}
  esac
  compadd -- \${=offered}
  _files
}
compdef _crossview crossview`;
}

function fish(offers: readonly Offer[]): string {
  return offers.map(({ path, words }) => {
    const condition = path === ""
      ? "__fish_use_subcommand"
      : path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    return `complete -c crossview -n '${condition}' -a '${words.join(" ")}'`;
  }).join("\n");
}
