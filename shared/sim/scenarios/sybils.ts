/**
 * A share of the members are sybils: they join as honest ones do, hold links, and forward nothing.
 *
 * They come among the others, three members a second. Once the room has rested for 20 s every honest member says three
 * things, five seconds apart. Variants: `mute-30`, `mute-50` and `mute-90`, where so many of a hundred say nothing of others;
 * `withhold-30`, who announce all that they hear and give none of it; `prune-30`, who have everyone keep back what they
 * are sent.
 *
 * - `deliveredPct`: deliveries among honest members, of 100 that there should be.
 * - `components`: parts into which links between honest members alone join them.
 * - `dropped`: links that an honest member gave up for what the other end did; `wronged`: those of them to honest ones.
 */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { createMixedWorld, silent, type Silence } from '../attackers.ts';
import { hearing } from '../hearing.ts';
import {
  atLeast,
  atMost,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';

const OPEN_MS = 300;
const SETTLE_MS = 20_000;
const HEARD_MS = 10_000;
const CALLS = 3;

const SHARES: ReadonlyMap<string, { readonly how: Silence; readonly sharePct: number }> = new Map([
  ['mute-30', { how: 'mute', sharePct: 30 }],
  ['withhold-30', { how: 'withhold', sharePct: 30 }],
  ['prune-30', { how: 'prune', sharePct: 30 }],
  ['mute-50', { how: 'mute', sharePct: 50 }],
  ['mute-90', { how: 'mute', sharePct: 90 }],
]);
const VARIANTS = [...SHARES.keys()];
/** What a bench without `--full` has time for. */
const ALWAYS: ReadonlySet<string> = new Set(['mute-30', 'prune-30']);

export const sybils: Scenario = {
  name: 'sybils',
  about: 'A share of the members forward nothing.',
  nodesDefault: 80,
  variants: VARIANTS,
  run,
  rows: VARIANTS.flatMap((variant): Row[] => rowsOf(variant, ALWAYS.has(variant) ? {} : { fullOnly: true })),
};

function rowsOf(variant: string, more: Partial<Row>): Row[] {
  const row = { id: '', nodes: 80, variant, ...more };
  return [
    {
      ...row,
      metric: 'deliveredPct',
      target: variant.endsWith('-30') ? atLeast(100) : undefined,
    },
    { ...row, metric: 'components', target: undefined },
    { ...row, metric: 'dropped', target: undefined },
    { ...row, metric: 'wronged', target: atMost(0) },
  ];
}

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const { how, sharePct } = SHARES.get(variant)!;
  // Spread evenly, whatever the share; the first is honest.
  const upTo = (index: number): number => Math.floor((index * sharePct) / 100);
  const isSybil = (index: number): boolean => index > 0 && upTo(index) > upTo(index - 1);
  const world = createMixedWorld({ seed, corrupt: (index) => (isSybil(index) ? silent(how) : undefined) });
  let dropped = 0;
  let wronged = 0;
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'peerMisbehaved' || !event.reason.startsWith('dropped-') || isSybil(tab.index))
        return;
      dropped += 1;
      if (!isSybil(world.tabOf(event.peer)!.index)) wronged += 1;
    },
  });
  for (let index = 0; index < nodes; index++) {
    world.open();
    world.run(OPEN_MS);
  }
  progress('settling');
  world.run(SETTLE_MS);
  const honest = world.tabs.filter(({ index }) => !isSybil(index));
  let deliveredPct = 0;
  for (let call = 0; call < CALLS; call++) {
    progress(`call ${call + 1} of ${CALLS}`);
    deliveredPct += hearing(world, { speakers: honest, listeners: honest, withinMs: HEARD_MS }) / CALLS;
  }
  return { metrics: { deliveredPct, components: components(honest), dropped, wronged }, curves: {} };
}

/** Parts of the room that are left when all but these are taken out of it. */
function components(tabs: readonly SimTab<MeshSnapshot>[]): number {
  const left = new Map(tabs.map((tab) => [tab.id, tab]));
  let parts = 0;
  for (let [first] = left.keys(); first !== undefined; [first] = left.keys()) {
    parts += 1;
    const frontier = [first];
    for (let id = frontier.pop(); id !== undefined; id = frontier.pop()) {
      const tab = left.get(id);
      if (!tab || !left.delete(id)) continue;
      frontier.push(...tab.node.inspect().overlay.activeView);
    }
  }
  return parts;
}
