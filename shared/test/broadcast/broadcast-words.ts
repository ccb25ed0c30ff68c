/** What the tests of the layer say again and again. */
import { epoch, type PeerId } from '#shared/base/ids.ts';
import type { BroadcastConfig } from '#shared/broadcast/config.ts';
import type { Graft, Prune, Want } from '#shared/broadcast/messages.ts';
import { numberToPeerId } from './world.ts';
import { type Effect, o } from './helpers.ts';

/** Trees that announce in their time, as those do that many messages have travelled. */
export const settled: Partial<BroadcastConfig> = { youngMessages: 1, teachEvery: 1_000 };
/** Below our own id. */
export const lower: PeerId = numberToPeerId(0);
export const prune: Prune = { kind: 'prune', tree: o };
export const graftTree: Graft = { kind: 'graft', trees: [o], wants: [] };
export const wants = (first: number, last: number): Want => ({
  origin: o,
  epoch: epoch(1),
  lane: 'reliable',
  first,
  last,
});

/** Grafts and prunes among these. */
export const controlOf = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && ['graft', 'prune'].includes(effect.message.kind) ? [effect.message.kind] : [],
  );
