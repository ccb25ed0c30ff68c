/** What is said of security is compared with what there is. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const security = readFileSync(root('SECURITY.md'), 'utf8');

const tableUnder = (heading: string): readonly (readonly string[])[] => {
  const [, section = ''] = security.split(`\n## ${heading}\n`);
  const [body = ''] = section.split('\n## ');
  const rows = body.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

describe('the threats', () => {
  const threats = tableUnder('Threats').filter(([threat]) => !threat?.startsWith('-'));

  test('are many, each with a defence and a test', () => {
    expect(threats.length).toBeGreaterThan(15);
    for (const [threat, defence, tests] of threats) {
      expect([threat, defence === '', tests?.includes('`')]).toEqual([threat, false, true]);
    }
  });

  test.each(
    threats.flatMap(([threat = '', , tests = '']) =>
      Array.from(tests.matchAll(/`([^`]+)`/g), ([, path = '']) => [threat, path] as const),
    ),
  )('%s: %s is there, and tries something', (_threat, path) => {
    expect(existsSync(root(path))).toBe(true);
    expect(readFileSync(root(path), 'utf8')).toMatch(/\b(test|it)(\.each)?[(<]/);
  });
});

test('what runs is named with the version that is installed', () => {
  const lock = JSON.parse(readFileSync(root('package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly version?: string; readonly dependencies?: object }>
    >;
  };
  const named = tableUnder('What runs').filter(([name]) => name?.startsWith('`'));
  // The page is bundled with it; the library and the server are not.
  const ofThePage = 'd3-force';
  const wanted = [...Object.keys(lock.packages['']?.dependencies ?? {}), ofThePage].toSorted();
  expect(named.map(([name = '']) => name.replaceAll('`', '')).toSorted()).toEqual(wanted);
  for (const [name = '', version] of named) {
    expect([name, version]).toEqual([
      name,
      lock.packages[`node_modules/${name.replaceAll('`', '')}`]?.version,
    ]);
  }
});
