/**
 * A room that never comes to rest: each second one member vanishes without a word and another one opens.
 *
 * A tenth of the room, drawn at the start, is never replaced; they are the long-lived, and one of them sends a message
 * each second. Who is replaced is drawn evenly from all the others, so a member lives for about as many seconds as
 * the room has members, and some die before their first link has opened.
 *
 * - `deliveredPct`: of all pairs of a message and a member that was present throughout, those that were delivered.
 *   Present throughout: opened at least 10 s before the sending, and alive until 10 s after it.
 * - `fullPct`: messages, of 100, that reached every member present throughout.
 * - `componentsMax`: looked at four times a second, first at the very moment of each crash, the most components that
 *   open channels make of the living members. A member counts once it has held two links to the living at once, or
 *   10 s after its first: one whose only contact dies within its first seconds is alone, whatever a protocol does, until
 *   it has heard the silence and come in again. `apartPct`: the share of members outside the largest component, over all looks.
 * - `firstLinkComponentsMax`: the same of all that have had a link: the target at its word.
 * - `settledComponentsMax`, `settledApartPct`: the same of those that have had a link for 10 s.
 * - `constructedPerNodeHour`: connections constructed at either end, per member and hour; at 60 replacements a minute.
 * - `p99Ms`: the time of a delivery, 99th percentile.
 */
import { componentsOf } from '../components.ts';
import { formRoom } from '../forming.ts';
import { createMailbag, type Mail } from '../mailbag.ts';
import { percentile } from '../measures.ts';
import {
  atLeast,
  atMost,
  plot,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

type Tab = SimTab<MeshSnapshot>;
type MeshWorld = World<MeshSnapshot>;

/** How long the churn goes on, and with `full`. */
const CHURN_S = 120;
const CHURN_FULL_S = 600;
/** Churn before the first message, so that the long-lived are not all that is settled. */
const WARM_S = 10;
/** What a newcomer gets to be set up: an attach of 0.15 s, a walk, and a second connection if the first one fails. */
const GRACE_MS = 10_000;
/** Looks in each second. */
const LOOKS = 4;
/** What a message gets to arrive. */
const DELIVER_WITHIN_MS = 10_000;

export const churn: Scenario = {
  name: 'churn',
  about: 'One member is silently replaced each second, and a long-lived one sends each second.',
  nodesDefault: 100,
  variants: ['1-per-s'],
  run,
  rows: [
    ...rowsOf(100, 99.95, 'iroh-gossip 0.101: 99.2 delivered, 68.9 full, 2 components'),
    ...rowsOf(50, 99.9, 'iroh-gossip 0.101: 92.9 delivered, 52.4 full, 4 components'),
  ],
};

function rowsOf(nodes: number, delivered: number, anchor: string): Row[] {
  const row = { id: '5', nodes, variant: '1-per-s' };
  return [
    { ...row, metric: 'deliveredPct', target: atLeast(delivered), anchor },
    { ...row, metric: 'fullPct', target: undefined },
    { ...row, metric: 'firstLinkComponentsMax', target: atMost(1) },
    { ...row, metric: 'componentsMax', target: undefined },
    { ...row, metric: 'settledComponentsMax', target: atMost(1) },
    { ...row, metric: 'constructedPerNodeHour', target: undefined },
  ];
}

function run({ nodes, seed, full, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  const mailbag = createMailbag(world);
  const joinings = followJoinings(world);
  const endedAtMs = new Map<Tab, number>();
  progress('forming');
  formRoom(world, { nodes });
  const longLived = world.rng.sample(world.living(), Math.max(1, Math.floor(nodes / 10)));
  const constructedBefore = world.constructed();
  const looks: Look[] = [];
  const seconds = full ? CHURN_FULL_S : CHURN_S;
  for (let second = 0; second < seconds; second++) {
    if (second % 30 === 0) progress(`churning, second ${second}`);
    const victim = world.rng.pick(world.living().filter((tab) => !longLived.includes(tab)));
    if (victim !== undefined) {
      world.crash(victim);
      endedAtMs.set(victim, world.timeMs());
    }
    world.open();
    const postAfterMs = world.rng.below(1_000);
    if (second >= WARM_S) world.later(postAfterMs, () => void mailbag.post(world.rng.pick(longLived)!));
    for (let at = 0; at < LOOKS; at++) {
      // The first is at the very moment of the crash, when its links have gone and nobody knows.
      looks.push(look(world, joinings));
      world.run(1_000 / LOOKS);
    }
  }
  const constructed = world.constructed() - constructedBefore;
  world.run(DELIVER_WITHIN_MS);
  const wasThere = (mail: Mail<MeshSnapshot>): Tab[] =>
    world.tabs.filter(
      (tab) =>
        tab !== mail.sender &&
        tab.openedAtMs <= mail.sentAtMs - GRACE_MS &&
        (endedAtMs.get(tab) ?? Infinity) > mail.sentAtMs + DELIVER_WITHIN_MS,
    );
  const tookMs = mailbag.mails.map((mail) => wasThere(mail).map((tab) => tookMsOf(mail, tab)));
  const all = tookMs.flat();
  const delivered = all.filter((ms) => ms <= DELIVER_WITHIN_MS);
  return {
    metrics: {
      deliveredPct: (100 * delivered.length) / all.length,
      fullPct:
        (100 * tookMs.filter((times) => times.every((ms) => ms <= DELIVER_WITHIN_MS)).length) / tookMs.length,
      p99Ms: percentile(delivered, 0.99),
      componentsMax: Math.max(...looks.map(({ joined }) => joined.components)),
      apartPct: apartPct(looks.map(({ joined }) => joined)),
      firstLinkComponentsMax: Math.max(...looks.map(({ linked }) => linked.components)),
      settledComponentsMax: Math.max(...looks.map(({ settled }) => settled.components)),
      settledApartPct: apartPct(looks.map(({ settled }) => settled)),
      constructedPerNodeHour: (constructed * 3_600) / (seconds * nodes),
    },
    curves: {
      'Members outside the largest component': plot(
        's of churn',
        'members',
        looks.map(({ linked }, at) => [at / LOOKS, linked.apart]),
      ),
    },
  };
}

function tookMsOf(mail: Mail<MeshSnapshot>, tab: Tab): number {
  return (mail.heldAtMs.get(tab) ?? Infinity) - mail.sentAtMs;
}

/** When a tab's first link opened, and when it first held two. */
interface Joining {
  readonly linkedAtMs: number;
  readonly twiceAtMs: number;
}

function followJoinings(world: MeshWorld): ReadonlyMap<Tab, Joining> {
  const joinings = new Map<Tab, Joining>();
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'linkOpened') return;
      const { linkedAtMs = world.timeMs(), twiceAtMs = Infinity } = joinings.get(tab) ?? {};
      const isTwice = twiceAtMs === Infinity && livingNeighbors(world, tab) >= 2;
      joinings.set(tab, { linkedAtMs, twiceAtMs: isTwice ? world.timeMs() : twiceAtMs });
    },
  });
  return joinings;
}

function livingNeighbors(world: MeshWorld, tab: Tab): number {
  return [...world.neighborsOf(tab).keys()].filter((id) => world.tabOf(id)?.isAlive() === true).length;
}

interface Cohesion {
  readonly members: number;
  readonly components: number;
  readonly apart: number;
}

interface Look {
  /** Of those that have had a link. */
  readonly linked: Cohesion;
  /** Of those that have held two at once, or had the first one for the grace of a newcomer. */
  readonly joined: Cohesion;
  /** Of those that have had one for the grace of a newcomer. */
  readonly settled: Cohesion;
}

function look(world: MeshWorld, joinings: ReadonlyMap<Tab, Joining>): Look {
  const linkedFor = (tab: Tab): number => world.timeMs() - (joinings.get(tab)?.linkedAtMs ?? Infinity);
  const isJoined = (tab: Tab): boolean =>
    (joinings.get(tab)?.twiceAtMs ?? Infinity) <= world.timeMs() || linkedFor(tab) >= GRACE_MS;
  // Everyone's channels count, also those by way of newcomers.
  const components = componentsOf(
    world,
    world.living().filter((tab) => linkedFor(tab) >= 0),
  );
  const of = (counts: (tab: Tab) => boolean): Cohesion =>
    cohesion(components.map((tabs) => tabs.filter(counts)).filter((tabs) => tabs.length > 0));
  return {
    linked: cohesion(components),
    joined: of(isJoined),
    settled: of((tab) => linkedFor(tab) >= GRACE_MS),
  };
}

function apartPct(looks: readonly Cohesion[]): number {
  return (100 * sum(looks.map(({ apart }) => apart))) / sum(looks.map(({ members }) => members));
}

function cohesion(components: readonly (readonly Tab[])[]): Cohesion {
  const sizes = components.map((tabs) => tabs.length);
  const members = sum(sizes);
  return { members, components: sizes.length, apart: members - Math.max(0, ...sizes) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
