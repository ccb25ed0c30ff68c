import { expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createMembersFace } from '#client/people/members.ts';

const [self, other] = ['a'.repeat(32), 'b'.repeat(32)] as [PeerId, PeerId];

test('a round trip is that of a link: without one it is not known', () => {
  let hops: ReadonlyMap<PeerId, number> = new Map([[other, 1]]);
  const face = createMembersFace({
    self,
    hopsByMember: () => hops,
    isRelayed: () => false,
    userOf: () => undefined,
    ping: async () => 1,
  });
  const { member } = face.joined(other);
  expect(member).toMatchObject({ link: 'direct', hops: 1, rtt: undefined });
  expect(face.setRtt(other, 12.34)?.rtt).toBe(12.3);
  face.refresh();
  expect(face.members.get(other)?.rtt).toBe(12.3);
  hops = new Map([[other, 2]]);
  face.refresh();
  expect(face.members.get(other)).toMatchObject({ link: 'via', hops: 2, rtt: undefined });
});
