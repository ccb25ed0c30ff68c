/**
 * What others show. Each field has its last confirmed value (at rest; a record), perhaps an anchored one above it
 * (proven, but no record), and perhaps an unconfirmed one above both, which is what is seen until it is confirmed,
 * overtaken, contradicted by a proven one that is newer than the last, or expires.
 */
import { after, elapsedMs, type Instant } from '../base/time.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import { equalValues } from '../base/value-equal.ts';
import type { Value } from '../base/value.ts';
import type { PresenceConfig } from './config.ts';
import type { Grade, PresenceRecord } from './messages.ts';
import { PRESENCE_SEQ_MAX, presenceKey } from './messages.ts';
import type { Outcome } from './outcome.ts';

/** One field's value as a peer claims it; at rest it is a record. */
export interface Claim extends PresenceRecord {
  readonly grade: Grade;
}

/** Why a claim was refused; nothing changed. */
export type ClaimRefusal = 'bad-version' | 'field-too-long' | 'too-many-fields' | 'presence-full';

export interface Others {
  /** Judges a claim and takes what is newer into `outcome`. An old claim is no fault: it changes nothing. */
  readonly take: (claim: Claim, at: Instant, outcome: Outcome) => ClaimRefusal | undefined;
  /** Everything of this owner is gone. */
  readonly forget: (owner: PeerId, outcome: Outcome) => void;
  /** Unconfirmed values whose time is up give way to the last confirmed ones. */
  readonly expire: (at: Instant, outcome: Outcome) => void;
  readonly expireDue: () => Instant | undefined;
  /** Owners whose volatile frames came within the last second. */
  readonly movers: (at: Instant) => number;
  readonly values: (owner: PeerId) => ReadonlyMap<string, Value>;
}

interface Owner {
  readonly id: PeerId;
  readonly epoch: Epoch;
  readonly fields: Map<string, Field>;
  /** The newest proven change of any field; 0 for none. */
  provenSeq: number;
}

interface Field {
  readonly owner: Owner;
  readonly name: string;
  confirmed: Held | undefined;
  anchored: Held | undefined;
  unconfirmed: (Held & { readonly cameAt: Instant }) | undefined;
}

interface Held {
  readonly seq: number;
  readonly value: Value | undefined;
}

// oxlint-disable-next-line max-lines-per-function -- One closure owns what changes; each handler in it is short.
export function createOthers(config: PresenceConfig): Others {
  const ownerById = new Map<PeerId, Owner>();
  /** Fields with an unconfirmed value, the one that came longest ago first. Bounded by the fields held. */
  const unconfirmedFields = new Set<Field>();
  /** Oldest first. Bounded by owners held: only an accepted claim counts. */
  const movedAtByOwner = new Map<PeerId, Instant>();

  const take = (claim: Claim, at: Instant, outcome: Outcome): ClaimRefusal | undefined => {
    const held = ownerById.get(claim.owner);
    const refusal = refusalOf(claim, held);
    if (refusal) return refusal;
    if (held && claim.epoch < held.epoch) return undefined;
    if (held && claim.epoch > held.epoch) leaveEpoch(held, outcome);
    const field = fieldOf(claim);
    const before = shownIn(field);
    if (claim.grade === 'rest') confirm(field, claim, at, outcome);
    else if (claim.grade === 'anchor') anchor(field, claim, at);
    else pass(field, claim, at);
    showDifference(field, before, outcome);
    return undefined;
  };

  const refusalOf = (claim: Claim, held: Owner | undefined): ClaimRefusal | undefined => {
    const isVersion = isCount(claim.seq, 1) && claim.seq <= PRESENCE_SEQ_MAX && isCount(claim.epoch, 0);
    if (!isVersion) return 'bad-version';
    if (claim.field.length > config.fieldLengthMax) return 'field-too-long';
    if (!held) return ownerById.size < config.ownersMax ? undefined : 'presence-full';
    const isFull = held.fields.size >= config.fieldsMax && !held.fields.has(claim.field);
    return isFull && claim.epoch === held.epoch ? 'too-many-fields' : undefined;
  };

  /** A return in a new epoch shows nothing of the old one. */
  const leaveEpoch = (owner: Owner, outcome: Outcome): void => {
    for (const field of owner.fields.values()) {
      if (shownIn(field) !== undefined) outcome.show(owner.id, field.name, undefined);
    }
    forget(owner.id, outcome);
  };

  const fieldOf = (claim: Claim): Field => {
    const owner: Owner = ownerById.get(claim.owner) ?? {
      id: claim.owner,
      epoch: claim.epoch,
      fields: new Map(),
      provenSeq: 0,
    };
    ownerById.set(owner.id, owner);
    const field: Field = owner.fields.get(claim.field) ?? {
      owner,
      name: claim.field,
      confirmed: undefined,
      anchored: undefined,
      unconfirmed: undefined,
    };
    owner.fields.set(field.name, field);
    return field;
  };

  /**
   * A record is judged against the last record, not against what is shown: one that a volatile frame
   * overtook is not shown, but it is kept, and the tables of two neighbors agree.
   */
  const confirm = (field: Field, claim: Claim, at: Instant, outcome: Outcome): void => {
    const { owner, epoch, field: name, seq, value, proof } = claim;
    if (field.confirmed && seq <= field.confirmed.seq) return;
    field.confirmed = { seq, value };
    outcome.keep({ owner, epoch, field: name, seq, value, proof });
    if (field.anchored && field.anchored.seq <= seq) field.anchored = undefined;
    prove(field, seq, at);
  };

  const anchor = (field: Field, { owner, seq, value }: Claim, at: Instant): void => {
    if (seq <= provenIn(field)) return;
    field.anchored = { seq, value };
    prove(field, seq, at);
    noteMover(owner, at);
  };

  /**
   * A proven value newer than all proven ones of its owner outranks the unproven one, whatever number that bears;
   * only what came just before may have overtaken it.
   */
  const prove = (field: Field, seq: number, at: Instant): void => {
    const { owner, unconfirmed } = field;
    const isNewest = seq > owner.provenSeq;
    if (isNewest) owner.provenSeq = seq;
    if (!unconfirmed) return;
    const mayHaveOvertaken = elapsedMs(unconfirmed.cameAt, at) <= config.overtakeMs;
    if (unconfirmed.seq <= seq || (isNewest && !mayHaveOvertaken)) settle(field);
  };

  const pass = (field: Field, claim: Claim, at: Instant): void => {
    const { provenSeq } = field.owner;
    if (claim.seq <= Math.max(provenIn(field), field.unconfirmed?.seq ?? 0)) return;
    if (provenSeq > 0 && claim.seq - provenSeq > config.aheadMax) return;
    settle(field);
    field.unconfirmed = { seq: claim.seq, value: claim.value, cameAt: at };
    unconfirmedFields.add(field);
    noteMover(claim.owner, at);
  };

  const noteMover = (owner: PeerId, at: Instant): void => {
    movers(at);
    movedAtByOwner.delete(owner);
    movedAtByOwner.set(owner, at);
  };

  const settle = (field: Field): void => {
    field.unconfirmed = undefined;
    unconfirmedFields.delete(field);
  };

  const expire = (at: Instant, outcome: Outcome): void => {
    for (const field of unconfirmedFields) {
      if (!field.unconfirmed || after(field.unconfirmed.cameAt, config.expireMs) > at) return;
      const before = shownIn(field);
      settle(field);
      if (!field.confirmed && !field.anchored) removeField(field);
      showDifference(field, before, outcome);
    }
  };

  const removeField = ({ owner, name }: Field): void => {
    owner.fields.delete(name);
    if (owner.fields.size === 0) ownerById.delete(owner.id);
  };

  const expireDue = (): Instant | undefined => {
    for (const { unconfirmed } of unconfirmedFields) {
      if (unconfirmed) return after(unconfirmed.cameAt, config.expireMs);
    }
    return undefined;
  };

  const forget = (id: PeerId, outcome: Outcome): void => {
    const owner = ownerById.get(id);
    if (!owner) return;
    for (const field of owner.fields.values()) {
      unconfirmedFields.delete(field);
      if (field.confirmed) outcome.drop(presenceKey({ owner: id, field: field.name }));
    }
    ownerById.delete(id);
    movedAtByOwner.delete(id);
  };

  const movers = (at: Instant): number => {
    for (const [id, movedAt] of movedAtByOwner) {
      if (elapsedMs(movedAt, at) < config.moverMs) break;
      movedAtByOwner.delete(id);
    }
    return movedAtByOwner.size;
  };

  return {
    take,
    forget,
    expire,
    expireDue,
    movers,
    values: (owner) => valuesOf(ownerById.get(owner)?.fields.values() ?? []),
  };
}

function shownIn({ unconfirmed, anchored, confirmed }: Field): Value | undefined {
  return (unconfirmed ?? anchored ?? confirmed)?.value;
}

/** The newest proven change of this field; 0 for none. */
function provenIn({ anchored, confirmed }: Field): number {
  return (anchored ?? confirmed)?.seq ?? 0;
}

function showDifference(field: Field, before: Value | undefined, outcome: Outcome): void {
  const shown = shownIn(field);
  if (!equalValues(before, shown)) outcome.show(field.owner.id, field.name, shown);
}

function isCount(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min;
}

function valuesOf(fields: Iterable<Field>): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const field of fields) {
    const value = shownIn(field);
    if (value !== undefined) values.set(field.name, value);
  }
  return values;
}
