/** The law of old timers, for every layer: one that has come does nothing when it comes again, at once or much later. */
import { expect, test } from 'vitest';
import { now } from '#shared/base/time.ts';
import type { NodeTimer } from '#shared/mesh/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { SimTab } from '#sim/tab.ts';
import { createMeshWorld } from '#sim/world.ts';
import { numberToReceipt } from '#sim/receipts.ts';

/** Every timer of every layer. */
const ALL = [
  'broadcast/announce',
  'broadcast/begin',
  'broadcast/graft',
  'broadcast/sweep',
  'greeters/look',
  'membership/orphans',
  'membership/publishLinks',
  'membership/watch',
  'overlay/attemptDue',
  'overlay/maintain',
  'presence/expire',
  'presence/flush',
  'routing/retry',
  'state/collect',
];

test('a timer that comes again is answered with nothing, whatever it was', () => {
  const world = createMeshWorld({ seed: 5, conditions: { jitterMs: 300, loss: 0.1, setupFailure: 0.2 } });
  const kinds = new Set<string>();
  const acted = new Set<string>();
  const come = new Map<SimTab<MeshSnapshot>, NodeTimer[]>();
  const repeat = (tab: SimTab<MeshSnapshot>, timer: NodeTimer): void => {
    const effects = tab.node.handle({ kind: 'timer', timer }, now(world.timeMs(), tab.wallMs()));
    if (effects.length > 0) acted.add(nameOf(timer));
  };
  world.observe({
    stepped: (tab, input) => {
      if (input.kind !== 'timer') return;
      kinds.add(nameOf(input.timer));
      come.set(tab, [...(come.get(tab) ?? []), input.timer]);
      repeat(tab, input.timer);
    },
  });
  const tabs = Array.from({ length: 8 }, () => world.open());
  const [first, second, third] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]];
  world.run(10_000);
  for (let step = 0; step < 20; step++) {
    world.command(first, { kind: 'present', fields: new Map([['cursor', step]]) });
    world.command(second, { kind: 'publish', topic: 'chat', data: step });
    world.run(20);
  }
  world.crash(third);
  world.command(first, {
    kind: 'sendTo',
    token: 1,
    to: third.id,
    topic: 'chat',
    data: 1,
    receipt: numberToReceipt(1),
  });
  world.run(70_000);
  expect([...kinds].toSorted()).toEqual(ALL);
  for (const [tab, timers] of come) if (tab.isAlive()) for (const timer of timers) repeat(tab, timer);
  expect([...acted]).toEqual([]);
});

const nameOf = ({ layer, timer }: NodeTimer): string => `${layer}/${timer.kind}`;
