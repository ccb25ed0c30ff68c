/** The own two records: identity, raised only to refute or after a sleep, and links, published seldom enough for the whole room. */
import { assert } from '../base/assert.ts';
import { epoch, incarnation, type Incarnation } from '../base/ids.ts';
import { after, elapsedMs, type Instant } from '../base/time.ts';
import { INCARNATION_MAX, SEQ_MAX } from './checks.ts';
import { CARD_BYTES_MAX, type IdentityRecord, type LinksRecord } from './messages.ts';
import type { Life } from './roster.ts';
import { recordChanged, recordRemoved, schedule, type State, type Turn } from './state.ts';

/** SWIM section 4.2: the accused answers with a higher incarnation, which undoes accusation and verdict alike. */
export function refuteIfAccused(turn: Turn, life: Life): void {
  const { identity } = turn.state;
  if (life.epoch !== identity.epoch || life.incarnation < identity.incarnation) return;
  // Only a forged own record gets there; nobody would take what is above it.
  if (life.incarnation >= INCARNATION_MAX) return;
  raiseIncarnation(turn, life.incarnation);
}

function raiseIncarnation(turn: Turn, over: Incarnation): void {
  const { state } = turn;
  state.identity = { ...state.identity, incarnation: incarnation(over + 1) };
  state.roster.setIdentity(state.identity, turn.at);
  publishRecord(turn, state.identity);
}

/** The first word. A links record follows when there is a link to name. */
export function publishFirst(turn: Turn): void {
  const { state, at } = turn;
  state.roster.setIdentity(state.identity, at);
  publishRecord(turn, state.identity);
}

/** We come back from a sleep as another life: nothing that is said of the old one counts any more. */
export function beginEpoch(turn: Turn): void {
  const { state, out } = turn;
  const { identity, links } = state;
  const next = epoch(identity.epoch + 1);
  out.push({ kind: 'woke', epoch: next });
  state.identity = { ...identity, epoch: next, incarnation: incarnation(0) };
  publishFirst(turn);
  if (links.record.seq > 0) recordRemoved(turn, links.record);
  links.record = { ...links.record, epoch: next, seq: 0, neighbors: [] };
  publishLinks(turn);
}

/** The last word of this epoch. The next one is above it. */
export function sayGoodbye({ state, out }: Turn): void {
  out.push({ kind: 'publish', claim: { ...state.identity, left: true } });
}

/** The last word. */
export function publishFarewell(turn: Turn): void {
  const { state } = turn;
  sayGoodbye(turn);
  state.identity = { ...state.identity, left: true };
  recordRemoved(turn, state.identity);
  recordRemoved(turn, state.links.record);
  state.roster.remove(state.self);
}

/** A higher incarnation: of one version there must never be two records that differ. */
export function onCard(turn: Turn, card: Uint8Array): void {
  const { state } = turn;
  assert(card.length <= CARD_BYTES_MAX, `a card of ${card.length} bytes is over ${CARD_BYTES_MAX}`);
  state.identity = { ...state.identity, card };
  raiseIncarnation(turn, state.identity.incarnation);
}

/** How far apart own links records are: what every member says costs each of them, so the larger the room the further. */
export function linksSpacingMs({ config, roster }: State): number {
  const sharedMs = Math.round((roster.size * 1_000) / config.roomLinksPerSecond);
  return Math.min(Math.max(config.linksSpacingMs, sharedMs), config.linksSpacingMsMax);
}

/** The set of neighbors changed. */
export function wantLinks(turn: Turn): void {
  const { state, at } = turn;
  const isPlanned = state.links.dueAt !== null;
  if (isPlanned && isStorm(state, at)) return;
  // Spread wide: the first few records after a storm prune the tree that the others travel then.
  const jitter = 0.5 + state.rng.fraction() * 1.5;
  const spacingMs = linksSpacingMs(state);
  const stormMs = Math.round(Math.max(spacingMs, state.config.linksStormSpacingMs) * jitter);
  planLinks(turn, isStorm(state, at) ? Math.max(state.config.linksSpacingMs, stormMs) : spacingMs);
}

/** The stability stamp moved, and is wanted: it waits for the next record, but not for ever. */
export function onStability(turn: Turn, stamp: number): void {
  const { state } = turn;
  if (stamp === state.links.stability) return;
  state.links.stability = stamp;
  planLinks(turn, Math.max(state.config.stabilitySpacingMs, linksSpacingMs(state)));
}

/**
 * Whoever greets says so as soon as it may, or others would take its place before they know; that it does no more can
 * wait. Without a neighbor nobody would hear it: the first link makes a record anyway.
 */
export function onGreeter(turn: Turn, greeter: boolean): void {
  const { links, neighbors, config } = turn.state;
  if (greeter === links.greeter) return;
  links.greeter = greeter;
  if (neighbors.size > 0) planLinks(turn, greeter ? config.linksSpacingMs : linksSpacingMs(turn.state));
}

export function afterPublishLinks(turn: Turn, token: number): void {
  const { links } = turn.state;
  if (token !== links.token || links.dueAt === null) return;
  if (turn.at < links.dueAt) return scheduleLinks(turn, links.dueAt);
  publishLinks(turn);
}

/** Somebody wrote in our name: outnumber it. */
export function outnumberLinks(turn: Turn, forged: LinksRecord): void {
  const { links } = turn.state;
  if (forged.epoch !== links.record.epoch || forged.seq <= links.record.seq) return;
  // Nobody would take what is above it.
  if (forged.seq >= SEQ_MAX) return;
  links.record = { ...links.record, seq: forged.seq };
  writeLinks(turn);
}

function planLinks(turn: Turn, spacingMs: number): void {
  const { state, at } = turn;
  const { links } = state;
  const dueAt = links.publishedAt === null ? at : after(links.publishedAt, spacingMs);
  if (dueAt <= at) return publishLinks(turn);
  if (links.dueAt === null || dueAt < links.dueAt) scheduleLinks(turn, dueAt);
}

function scheduleLinks(turn: Turn, dueAt: Instant): void {
  const { links } = turn.state;
  links.token += 1;
  links.dueAt = dueAt;
  schedule(turn, { kind: 'publishLinks', token: links.token }, elapsedMs(turn.at, dueAt));
}

function publishLinks(turn: Turn): void {
  const { links, neighbors } = turn.state;
  links.dueAt = null;
  const { record } = links;
  const same =
    record.stability === links.stability &&
    record.greeter === links.greeter &&
    record.neighbors.length === neighbors.size &&
    record.neighbors.every((id) => neighbors.has(id));
  if (!same) writeLinks(turn);
}

function writeLinks(turn: Turn): void {
  const { state, at } = turn;
  const { links } = state;
  links.record = {
    ...links.record,
    seq: links.record.seq + 1,
    neighbors: [...state.neighbors.keys()].toSorted(),
    stability: links.stability,
    greeter: links.greeter,
  };
  links.publishedAt = at;
  const me = state.roster.get(state.self);
  if (me) state.roster.setLinks(me, links.record, at);
  publishRecord(turn, links.record);
}

function isStorm(state: State, at: Instant): boolean {
  const joins = state.joins.values();
  const first = joins[0];
  if (first === undefined || joins.length <= state.config.stormJoins) return false;
  return elapsedMs(first, at) <= state.config.stormWindowMs;
}

function publishRecord(turn: Turn, record: IdentityRecord | LinksRecord): void {
  turn.out.push({ kind: 'publish', claim: record });
  recordChanged(turn, record);
}
