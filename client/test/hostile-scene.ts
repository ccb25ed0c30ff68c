/** A victim, a third and a hostile tab, all linked to each other, and the proof that life goes on among them. */
import { expect } from 'vitest';
import { createKeyPair } from '#client/identity/ed25519.ts';
import type { Mesh, Value } from '#client/types.ts';
import { createHostileTab, type HostileLink, type HostileTab } from './hostile-tab.ts';
import { createProver, type Prover } from './prover.ts';
import { createRoom, type Room } from './room.ts';

export interface Shown extends Record<string, Value | undefined> {
  name?: string;
}

export interface Scene {
  readonly room: Room;
  /** The victim: the hostile tab's neighbor. */
  readonly a: Mesh<Shown>;
  /** An honest third, linked to both. */
  readonly b: Mesh<Shown>;
  /** The hostile tab's own mesh; it behaves but for what the test makes it say. */
  readonly c: Mesh<Shown>;
  readonly tab: HostileTab;
  /** From the hostile tab to the victim. */
  readonly link: HostileLink;
  /** Who can prove what they say: no test makes `a` or `b` prove what an attacker could not have got from them. */
  readonly provers: { readonly a: Prover; readonly b: Prover; readonly c: Prover };
  /** What the victim told of misbehavior, and of links and members that went. */
  readonly told: unknown[];
}

export async function setScene(): Promise<Scene> {
  const room = createRoom();
  const tab = createHostileTab();
  const prover = (seed: number): Prover => createProver('test', createKeyPair(new Uint8Array(32).fill(seed)));
  const provers = { a: prover(1), b: prover(2), c: prover(3) };
  const a = room.join<Shown>({ name: 'a' }, { keys: provers.a.keys });
  await room.clock.advance(50);
  const b = room.join<Shown>({ name: 'b' }, { keys: provers.b.keys });
  await room.clock.advance(50);
  const c = room.join<Shown>({ name: 'c' }, { wrap: tab.wrap, keys: provers.c.keys });
  await room.clock.advance(15_000);
  expect([a, b, c].map((mesh) => [mesh.members.size, mesh.stats().links.open])).toEqual(
    [a, b, c].map(() => [3, 2]),
  );
  const link = tab.links.find((one) => one.peer() === a.id)!;
  const told: unknown[] = [];
  a.on('peer:misbehaved', ({ peer, reason }) => told.push([peer, reason]));
  a.on('link:close', ({ peer }) => told.push(['link closed', peer]));
  a.on('member:leave', ({ member }) => told.push(['member left', member.id]));
  a.on('member:join', ({ member }) => told.push(['member joined', member.id]));
  return { room, a, b, c, tab, link, provers, told };
}

/** Link, presence, notes and messages between the victim and the hostile tab still work, both ways. */
export async function expectLifeGoesOn({ room, a, b, c }: Scene): Promise<void> {
  const heard: unknown[] = [];
  for (const mesh of [a, b, c]) mesh.topic('chat').on(({ data, from }) => heard.push([data, from, mesh.id]));
  a.presence.set({ name: 'a again' });
  c.presence.set({ name: 'c again' });
  a.map('notes').set('by a', 1);
  c.map('notes').set('by c', 2);
  await c.topic('chat').send('to all');
  const direct = a.topic('chat').send('to one', { to: c.id });
  await room.clock.advance(2_000);
  await direct;
  expect(a.members.get(c.id)).toMatchObject({
    status: 'alive',
    link: 'direct',
    presence: { name: 'c again' },
  });
  expect(c.members.get(a.id)?.presence.name).toBe('a again');
  for (const mesh of [a, b, c])
    expect(Object.fromEntries(mesh.map('notes'))).toEqual({ 'by a': 1, 'by c': 2 });
  expect(heard).toHaveLength(3);
  expect(heard).toEqual(
    expect.arrayContaining([
      ['to all', c.id, a.id],
      ['to all', c.id, b.id],
      ['to one', a.id, c.id],
    ]),
  );
}
