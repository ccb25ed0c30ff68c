/** No barrels: a name is exported where it is made, so that a list of imports is a true list of needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAMS = ['shared', 'client', 'signaling-server', 'e2e'];
/** The linter refuses `export *` alone, and dependency-cruiser takes what is also imported for imported only. */
const EXPORTED_ON = /^\s*export\s+(?:type\s+)?[{*]/m;

const isBarrel = (source: string): boolean => EXPORTED_ON.test(source);

test('only the front door exports what others made', () => {
  const sources = PROGRAMS.flatMap((program) =>
    readdirSync(`${ROOT}${program}`, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => `${program}/${path}`),
  );
  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((path) => isBarrel(readFileSync(`${ROOT}${path}`, 'utf8')))).toEqual([
    'client/src/index.ts',
  ]);
});

test.each([
  ["export { x } from './y.ts';", true],
  ["export type { X } from './y.ts';", true],
  ["export type * from './y.ts';", true],
  ["export * as y from './y.ts';", true],
  ["import { x } from './y.ts';\nexport { x };", true],
  ["export {\n  x,\n  z,\n} from './y.ts';", true],
  ['export const x = { y: 1 };', false],
  ['export type X = { readonly y: 1 };', false],
  ['export function x(): void {}', false],
  ['// one may export { x } of others', false],
])('%j is a barrel: %s', (source, expected) => {
  expect(isBarrel(source)).toBe(expected);
});
