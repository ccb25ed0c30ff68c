/** What an application hears when its version of the library is too old for another member. */
import { expect, test } from 'vitest';
import { createHostileTab } from './hostile-tab.ts';
import { createRoom } from './room.ts';

test('that it is too old is an error told once, however often it is said, and the mesh lives on', async () => {
  const room = createRoom();
  const tab = createHostileTab();
  const mesh = room.join();
  await room.clock.advance(50);
  const newer = room.join(undefined, { wrap: tab.wrap });
  await room.clock.advance(5_000);
  const told: unknown[] = [];
  mesh.on('error', ({ code }) => told.push(code));
  mesh.on('peer:misbehaved', ({ reason }) => told.push(reason));

  const notice = Uint8Array.of(0, 2);
  for (const link of tab.links) {
    link.sayBytes(notice);
    link.sayBytes(notice);
  }
  await room.clock.advance(5_000);
  expect(told).toEqual(['VERSION_TOO_OLD']);
  expect(mesh.stats().refused).toEqual({ 'too-old': 2 });
  expect(mesh.members.get(newer.id)?.status).toBe('alive');
});
