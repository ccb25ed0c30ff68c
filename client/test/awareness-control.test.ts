/**
 * What presence is worth where nobody signs it, shown on the presence of Yjs: one forged message takes a member
 * away for good. A control for the tests of our own forged farewells; nothing of ours is tested here.
 */
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from 'lib0/encoding';
import { afterEach, expect, test } from 'vitest';
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { Doc } from 'yjs';

const tabs: Awareness[] = [];
function createTab(): Awareness {
  const tab = new Awareness(new Doc());
  tabs.push(tab);
  return tab;
}
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.destroy();
});

/** What `from` says of itself reaches `to`. */
const tell = (from: Awareness, to: Awareness): void =>
  applyAwarenessUpdate(to, encodeAwarenessUpdate(from, [from.clientID]), 'network');

/** Anybody can write this: no key is asked for. */
function forgeLeave(victim: number): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, 1);
  writeVarUint(encoder, victim);
  writeVarUint(encoder, 2 ** 31);
  writeVarString(encoder, 'null');
  return toUint8Array(encoder);
}

test('one forged leave removes a member from y-protocols awareness, and nothing it says brings it back', () => {
  const [victim, other] = [createTab(), createTab()];
  victim.setLocalState({ name: 'victim' });
  tell(victim, other);
  expect(other.getStates().get(victim.clientID)).toEqual({ name: 'victim' });

  applyAwarenessUpdate(other, forgeLeave(victim.clientID), 'network');
  expect(other.getStates().has(victim.clientID)).toBe(false);
  for (let n = 0; n < 1_000; n++) {
    victim.setLocalState({ name: 'victim', n });
    tell(victim, other);
  }
  expect(other.getStates().has(victim.clientID)).toBe(false);
});
