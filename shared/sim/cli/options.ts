/** Arguments as people type them. What is wrong with them is one line that begins with a code, and the exit code 2. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { err, ok, type Result } from '#shared/base/result.ts';

/** What a command ends with when its arguments are wrong. */
export const EXIT_BAD_OPTION = 2;
/** As large as a room can be that a machine of 8 GB holds. */
export const NODES_MAX = 10_000;
export const NODES_MIN = 2;
/** More seeds tell nothing new, and take days. */
export const SEEDS_MAX = 1_000;

export type OptionCode =
  | 'badOption'
  | 'noScenario'
  | 'unknownScenario'
  | 'unknownVariant'
  | 'badNodes'
  | 'badSeed'
  | 'badSeeds'
  | 'badMinutes';

/** For people; the code is stable. */
export const problem = (code: OptionCode, sentence: string): string => `${code}: ${sentence}`;

type Specs = NonNullable<ParseArgsConfig['options']>;
/** What was typed: a switch that was not given is false. */
export type Typed<S extends Specs> = {
  readonly [Name in keyof S]: S[Name]['type'] extends 'boolean' ? boolean : string | undefined;
};

/** The options as typed, or what is wrong with one of them. */
export function readOptions<S extends Specs>(args: readonly string[], specs: S): Result<Typed<S>, string> {
  try {
    const parsed = parseArgs({ args: withSigns(args), options: specs });
    const values: Readonly<Record<string, unknown>> = parsed.values;
    const typed = Object.entries(specs).map(([name, { type }]) => [
      name,
      type === 'boolean' ? values[name] === true : values[name],
    ]);
    return ok(Object.fromEntries(typed) as Typed<S>);
  } catch (error) {
    const known = Object.keys(specs).map((name) => `--${name}`);
    const [first = ''] = (error as Error).message.split(/\.(?:\s|$)/);
    return err(problem('badOption', `${first}; there are ${known.join(', ')}.`));
  }
}

/** `--nodes -3` as `--nodes=-3`: Node takes the former for two options. */
function withSigns(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    const isValue = /^-\d/.test(arg) && last !== undefined && /^--[^=]+$/.test(last);
    if (isValue) joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

interface Whole {
  readonly name: string;
  readonly code: OptionCode;
  readonly min: number;
  readonly max: number;
}

/** A whole number in decimal digits. */
export function wholeNumber(text: string, { name, code, min, max }: Whole): Result<number, string> {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return ok(value);
  return err(problem(code, `--${name} is a whole number from ${min} to ${max}, not "${text}".`));
}

/** The size of a room. */
export const nodesOf = (text: string, name: string): Result<number, string> =>
  wholeNumber(text, { name, code: 'badNodes', min: NODES_MIN, max: NODES_MAX });

/** The one of this name. */
export function named<Thing extends { readonly name: string }>(
  things: readonly Thing[],
  name: string,
  others: readonly string[] = [],
): Result<Thing, string> {
  const found = things.find((thing) => thing.name === name);
  if (found) return ok(found);
  const names = [...others, ...things.map((thing) => thing.name)].join(', ');
  return err(problem('unknownScenario', `there is no scenario "${name}"; there are ${names}.`));
}
