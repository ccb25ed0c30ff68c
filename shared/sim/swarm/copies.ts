/** In calm a message travels along a tree: who is reached gets it about once, however many links the room has. */
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

const TOPIC = 'copies';

/** What one says before anything is counted: its first messages are a flood that carves the tree. */
const CARVING = 20;
const COUNTED = 10;
const PAUSE_MS = 500;
/** Frames per delivery; a tree costs one. */
const COPIES_MAX = 1.2;
/** Times that one may send the same to the same neighbor unasked: once more as its last words. */
const REPEATS_MAX = 2;

export const copiesAreFew: MakeChecker = (world, complain) => {
  let counting = false;
  let copies = 0;
  let deliveries = 0;
  return {
    name: 'copies',
    observer: {
      sent: (_tab, _to, message) => {
        if (!counting || message.kind !== 'gossip') return;
        if (message.payload.kind === 'topic' && message.payload.topic === TOPIC) copies += 1;
      },
      told: (_tab, event) => {
        if (counting && event.kind === 'message' && event.topic === TOPIC) deliveries += 1;
      },
    },
    whenCalm: () => {
      const [speaker] = world.living();
      if (!speaker) return;
      for (let said = 0; said < CARVING + COUNTED; said++) {
        counting = said >= CARVING;
        world.command(speaker, { kind: 'publish', topic: TOPIC, data: said });
        world.run(PAUSE_MS);
      }
      if (copies > COPIES_MAX * deliveries)
        complain(`${copies} frames bring ${deliveries} messages of ${nameOf(speaker.id)}`);
    },
  };
};

/**
 * Nobody sends a neighbor the same message over and over: who has passed it on knows it, whatever comes again. What
 * a neighbor asks for is another matter.
 */
export const copiesAreNotRepeated: MakeChecker = (_world, complain) => {
  const timesByTab = new Map<SimTab, Map<string, number>>();
  return {
    name: 'repeats',
    observer: {
      opened: (tab) => void timesByTab.set(tab, new Map()),
      stepped: (tab, input, effects) => {
        if (input.kind === 'frame' && input.message.kind === 'graft') return;
        const times = timesByTab.get(tab);
        for (const effect of effects) {
          if (effect.kind !== 'send' || effect.message.kind !== 'gossip') continue;
          const { origin, epoch, lane, seq } = effect.message;
          const copy = [lane, seq, origin, epoch, effect.to].join(' ');
          const sent = (times?.get(copy) ?? 0) + 1;
          times?.set(copy, sent);
          const of = `${lane} ${seq} of ${nameOf(origin)} in epoch ${epoch} to ${nameOf(effect.to)}`;
          if (sent === REPEATS_MAX + 1) complain(`${nameOf(tab.id)} sent ${of} ${sent} times`);
        }
      },
    },
  };
};
