/** What is said of the protocol is compared with the protocol. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MESSAGE_KINDS } from '#shared/wire/frame.ts';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

const protocol = read('PROTOCOL.md');

/** The kinds that a union of signaling messages names. */
const signalingKinds = [...read('src/signaling/messages.ts').matchAll(/readonly kind: '([a-z]+)'/g)].map(
  ([, kind]) => kind ?? '',
);

describe('the specification', () => {
  test.each([...MESSAGE_KINDS])('names %s', (kind) => {
    expect(protocol).toContain(`\`${kind}\``);
  });

  test('knows the kinds of signaling', () => {
    expect(signalingKinds.length).toBeGreaterThanOrEqual(8);
    for (const kind of signalingKinds) expect(protocol).toContain(`\`${kind}\``);
  });

  test('has a section for every folder of the core', () => {
    for (const section of ['Node', 'Overlay', 'Broadcast', 'Routing', 'Membership', 'Reconciliation']) {
      expect(protocol).toContain(`\n## ${section}\n`);
    }
    for (const section of ['Presence', 'State', 'Greeters', 'Wire', 'Signaling']) {
      expect(protocol).toContain(`\n## ${section}\n`);
    }
  });
});
