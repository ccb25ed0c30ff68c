/** What tabs lack of what was written, in words: for the message of a story that waited in vain. */
import type { Tab } from './tabs.ts';

/** One line or more for each tab: which keys it lacks, by writer, and how it stands with the others. */
export async function describeMissing(
  tabs: readonly Tab[],
  { map, keys }: { readonly map: string; readonly keys: readonly string[] },
): Promise<string> {
  const shown = await Promise.all(
    // A page that has crashed is told of as well.
    tabs.map((tab) => describe(tab, map, keys).catch((error: unknown) => `${tab.id}: ${String(error)}`)),
  );
  return shown.join('\n');
}

async function describe({ page, id }: Tab, map: string, keys: readonly string[]): Promise<string> {
  const { size, missing } = await page.evaluate(
    ({ name, wanted }) => {
      const held = window.mesh.map(name);
      return { size: held.size, missing: wanted.filter((key) => !held.has(key)) };
    },
    { name: map, wanted: keys },
  );
  const standing = await page.evaluate(standingOf);
  return `${id} holds ${size}, and lacks ${missing.length} of ${keys.length}: ${byWriter(missing)}\n  ${standing}`;
}

/** Keys are `name-writer-number`: for each writer how many, and between which numbers. */
function byWriter(keys: readonly string[]): string {
  const numbers = new Map<string, number[]>();
  for (const key of keys) {
    const at = key.lastIndexOf('-');
    const writer = key.slice(0, at);
    numbers.set(writer, [...(numbers.get(writer) ?? []), Number(key.slice(at + 1))]);
  }
  return [...numbers]
    .map(([writer, all]) => `${writer} ${all.length} (${Math.min(...all)} to ${Math.max(...all)})`)
    .join(', ');
}

/** Runs in the page: its links, what it saw of others, what it refused. */
function standingOf(): string {
  const { mesh, seen, connections } = window;
  return JSON.stringify({
    links: [...mesh.members].map(({ id, self, link }) =>
      self ? { self: id } : { id, link, why: mesh.explain(id) },
    ),
    connections: connections.map(({ iceConnectionState }) => iceConnectionState),
    left: seen.left,
    errors: seen.errors,
    stats: mesh.stats(),
  });
}
