/** A tab that asks, and goes on from there. */
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { OverlayInput } from '#shared/overlay/messages.ts';
import { contacts, createBench, peer, requestIn, signal, timer, type Bench } from './helpers.ts';

export const self: PeerId = peer(100);
export const a: PeerId = peer(1);
export const b: PeerId = peer(2);
export const c: PeerId = peer(3);
export const z: PeerId = peer(200);

/** A tab that has just asked its only contact `z`. */
export function asking(): { readonly bench: Bench; readonly id: AttemptId } {
  const bench = createBench(self);
  return { bench, id: requestIn(bench.feed(contacts(z))).attempt };
}

/** The same, accepted by `z`. */
export function connecting(): { readonly bench: Bench; readonly id: AttemptId } {
  const { bench, id } = asking();
  bench.feed(signal(z, { kind: 'accept', attempt: id }, [b, c]));
  return { bench, id };
}

export const due = (other: PeerId, id: AttemptId): OverlayInput =>
  timer({ kind: 'attemptDue', peer: other, attempt: id });

/** A bench in a room where one more link is wanted and `c` may be asked: its request to `c`, not to be forwarded. */
export function askingMember(): { readonly bench: Bench; readonly id: AttemptId } {
  const bench = createBench(self);
  bench.linkTo(a);
  bench.feed({ kind: 'roomSize', size: 3 });
  bench.feed({ kind: 'known', peer: c, degree: 1 });
  return { bench, id: requestIn(bench.tick()).attempt };
}
