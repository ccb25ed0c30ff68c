/** A roll call: who hears of whom. */
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

export interface RollCall {
  readonly speakers: readonly SimTab[];
  readonly listeners: readonly SimTab[];
  readonly withinMs: number;
}

const TOPIC = 'roll call';

/** Each speaker says one thing, all at once; how much of it all comes to the listeners, of 100. Nobody is told its own. */
export function hearing<Snapshot>(
  world: World<Snapshot>,
  { speakers, listeners, withinMs }: RollCall,
): number {
  const wanted = new Set(listeners.map(({ index }) => index));
  let heard = 0;
  const stop = world.observe({
    told: (tab, event) => {
      if (event.kind === 'message' && event.topic === TOPIC && wanted.has(tab.index)) heard += 1;
    },
  });
  for (const { index } of speakers)
    world.command(world.tabs[index]!, { kind: 'publish', topic: TOPIC, data: index });
  world.run(withinMs);
  stop();
  const own = speakers.filter(({ index }) => wanted.has(index)).length;
  return (100 * heard) / (speakers.length * listeners.length - own);
}
