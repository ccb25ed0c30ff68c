/**
 * Some pairs of members can never link to each other, as two behind symmetric NATs cannot where nobody relays: every
 * connection between the two is constructed, described, and never opens. The room has to be one all the same.
 *
 * - `pair`: one such pair, drawn at random. `third`: a third of all pairs.
 *
 * All come within seconds; then each end of a hole publishes, writes, and sends to the other end, every five seconds for
 * three minutes.
 *
 * - `formedS`: from the last opening until every member lists all, which may take two minutes.
 * - `missed`: messages that one whom they were for was never told, each counted once for each. `repeats`: tellings too many.
 * - `deaths`: times that any application is told that a member is gone. `suspects`: how many anybody suspects at the end.
 * - `equal`: 1 if all list all and show one root of the state at the end.
 * - `holeConstructed`: connections constructed in vain, per hole, each counted at both its ends; two attempts are four.
 *   `holeConstructedMax`: of the worst hole. `restConstructed`: per hole in the last two minutes.
 * - `constructedPerNode`: all connections constructed, per member.
 */
import { haveEqualState, listExactly } from '../halves.ts';
import { createLetters } from '../letters.ts';
import { followLists } from '../lists.ts';
import { createMailbag } from '../mailbag.ts';
import { mean } from '../measures.ts';
import {
  atLeast,
  atMost,
  rowsAt,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

type Tab = SimTab<MeshSnapshot>;
type MeshWorld = World<MeshSnapshot>;
type Hole = readonly [Tab, Tab];

/** Between one tab's opening and the next's. */
const OPEN_EVERY_MS = 200;
const FORM_MS_MAX = 120_000;
const TALKS = 36;
const TALK_EVERY_MS = 5_000;
/** The talks before, in which holes give up. */
const TALKS_UNTIL_REST = 12;
/** What was said last gets so long to arrive. */
const CALM_MS = 20_000;

export const hole: Scenario = {
  name: 'hole',
  about: 'Some pairs can never link to each other: is the room whole all the same, and do they give up?',
  nodesDefault: 12,
  variants: ['pair', 'third'],
  run,
  rows: [...[3, 12, 20].flatMap((nodes) => rowsOf('pair', nodes)), ...rowsOf('third', 20)],
};

function rowsOf(variant: string, nodes: number): Row[] {
  const row = rowsAt({ id: '9', nodes, variant });
  return [
    row('formedS', atMost(30)),
    row('missed', atMost(0)),
    row('repeats', atMost(0)),
    row('deaths', atMost(0)),
    row('suspects', atMost(0)),
    row('equal', atLeast(1)),
    // In a room of three a pair is tried again each minute: both hold fewer links than the minimum.
    row('holeConstructedMax', nodes > 3 ? atMost(4) : undefined),
    row('restConstructed'),
  ];
}

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  let deaths = 0;
  followLists(world, () => void (deaths += 1));
  const spent = countConstructed(world);
  progress('forming');
  const holes = openWithHoles(world, nodes, variant === 'pair' ? () => 1 : (pairs) => Math.round(pairs / 3));
  const openedAtMs = world.timeMs();
  const formed = world.runUntil(() => listExactly(world.living()), FORM_MS_MAX, 50);
  const formedS = formed ? (world.timeMs() - openedAtMs) / 1_000 : Infinity;
  const mailbag = createMailbag(world);
  const letters = createLetters(world);
  let beforeRest: readonly number[] = [];
  for (let talk = 0; talk < TALKS; talk++) {
    if (talk % 12 === 0) progress(`talking, minute ${talk / 12 + 1}`);
    if (talk === TALKS_UNTIL_REST) beforeRest = holes.map(spent);
    for (const [from, to] of holes.flatMap(([one, other]) => [
      [one, other] as const,
      [other, one] as const,
    ])) {
      mailbag.post(from);
      letters.send(from, to);
      world.command(from, { kind: 'write', collection: 'notes', key: `talk-${talk}`, value: from.index });
    }
    world.run(TALK_EVERY_MS);
  }
  world.run(CALM_MS);
  const living = world.living();
  const unheard = mailbag.mails.reduce((sum, { heldAtMs }) => sum + living.length - heldAtMs.size, 0);
  const constructed = holes.map(spent);
  return {
    metrics: {
      formedS,
      missed: unheard + letters.missed(),
      repeats: mailbag.repeats() + letters.repeats(),
      deaths,
      suspects: living.reduce((sum, tab) => sum + suspectsOf(tab), 0),
      equal: Number(listExactly(living) && haveEqualState(living)),
      holeConstructed: mean(constructed),
      holeConstructedMax: Math.max(...constructed),
      restConstructed: mean(constructed.map((count, at) => count - beforeRest[at]!)),
      constructedPerNode: world.constructed() / nodes,
    },
    curves: {},
  };
}

/** Opens the tabs one after another; no two of a hole have met before it is one. */
function openWithHoles(world: MeshWorld, nodes: number, holesOf: (pairs: number) => number): readonly Hole[] {
  const pairs = Array.from({ length: nodes }, (_, one) => one).flatMap((one) =>
    Array.from({ length: one }, (_, other) => [one, other] as const),
  );
  const drawn = world.rng.sample(pairs, holesOf(pairs.length));
  for (let opened = 0; opened < nodes; opened++) {
    const tab = world.open();
    for (const [one, other] of drawn) if (one === opened) dig(world, tab, world.tabs[other]!);
    world.run(OPEN_EVERY_MS);
  }
  return drawn.map(([one, other]) => [world.tabs[one]!, world.tabs[other]!]);
}

/** What is cut both ways never opens; signals go by the server or by others, as always. */
function dig(world: MeshWorld, one: Tab, other: Tab): void {
  world.cut(one, other);
  world.cut(other, one);
}

const wayOf = (from: PeerId, to: PeerId): string => `${from}>${to}`;

/** From now on; of each hole, at both ends. */
function countConstructed(world: MeshWorld): (hole: Hole) => number {
  const countByWay = new Map<string, number>();
  world.observe({
    stepped: ({ id }, _input, effects) => {
      for (const effect of effects) {
        if (effect.kind !== 'construct') continue;
        const way = wayOf(id, effect.peer);
        countByWay.set(way, (countByWay.get(way) ?? 0) + 1);
      }
    },
  });
  const count = (from: Tab, to: Tab): number => countByWay.get(wayOf(from.id, to.id)) ?? 0;
  return ([one, other]) => count(one, other) + count(other, one);
}

function suspectsOf({ node }: Tab): number {
  return [...node.inspect().membership.members.values()].filter(({ status }) => status === 'suspect').length;
}
