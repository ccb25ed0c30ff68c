/**
 * Presence: what each member shows right now. Own changes are published at rest or, while they go on,
 * as throttled volatile frames; what others claim is judged field by field.
 */
import { unreachable } from '../base/assert.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Instant, Now } from '../base/time.ts';
import type { Value } from '../base/value.ts';
import { cutToFrames } from './budget.ts';
import { checkPresenceConfig, type PresenceConfig } from './config.ts';
import { createDeadline, earliest } from './deadline.ts';
import type {
  Grade,
  PresenceEffect,
  PresenceInput,
  PresenceRecord,
  PresenceSnapshot,
  PresenceTimer,
  PresenceUpdate,
} from './messages.ts';
import { createOthers, type Claim } from './others.ts';
import { createOutcome, type Outcome } from './outcome.ts';
import { createOwnFields, NOTHING, type SentFields } from './own-fields.ts';
import { createShown } from './shown.ts';

export type Presence = Layer<PresenceInput, PresenceEffect, PresenceSnapshot>;

// oxlint-disable-next-line max-lines-per-function -- One closure owns what changes; each handler in it is short.
export function createPresence(
  deps: { readonly self: PeerId; readonly epoch: Epoch },
  config: PresenceConfig,
): Presence {
  checkPresenceConfig(config);
  const { self } = deps;
  let { epoch } = deps;
  const own = createOwnFields(config);
  const others = createOthers(config);
  const shown = createShown((owner) => (owner === self ? own.values() : others.values(owner)));
  const flushDeadline = createDeadline('flush');
  const expireDeadline = createDeadline('expire');
  let neighbors = 0;
  let movers = 0;

  const handle = (input: PresenceInput, now: Now): readonly PresenceEffect[] => {
    const at = now.instant;
    const effects = respond(input, at);
    movers = others.movers(at) + (own.isMoving(at) ? 1 : 0);
    return effects;
  };

  const respond = (input: PresenceInput, at: Instant): readonly PresenceEffect[] => {
    switch (input.kind) {
      case 'set':
        return set(input.fields, at);
      case 'update':
        return take(input.from, updateToClaims(input.update), at);
      case 'records':
        return take(input.from, input.records.map(recordToClaim), at);
      case 'forget':
        return forget(input.owner);
      case 'woke':
        epoch = input.epoch;
        own.restart(at);
        return publishDue(createOutcome(), at);
      case 'neighbors':
        neighbors = input.count;
        return publishDue(createOutcome(), at);
      case 'timer':
        return afterTimer(input.timer, at);
      default:
        return unreachable(input);
    }
  };

  const set = (fields: ReadonlyMap<string, Value | undefined>, at: Instant): readonly PresenceEffect[] => {
    const outcome = createOutcome();
    for (const [name, value] of fields) {
      if (own.change(name, value, at)) outcome.show(self, name, value);
    }
    shown.outdate(outcome.owners());
    return publishDue(outcome, at);
  };

  /** Own fields that are due, a frame for each lane (more if they are large); then what was gathered; then the timer for the next. */
  const publishDue = (outcome: Outcome, at: Instant): readonly PresenceEffect[] => {
    const isHeard = neighbors > 0;
    const moversWithUs = others.movers(at) + 1;
    const rest = own.takeRest(at);
    const volatile = isHeard ? own.takeVolatile(at, moversWithUs) : NOTHING;
    for (const field of rest) outcome.keep({ owner: self, epoch, ...field });
    const due = earliest([own.restDue(), isHeard ? own.volatileDue(moversWithUs) : undefined]);
    return [
      ...publish(rest, 'rest'),
      ...publish(volatile.fields, volatile.grade),
      ...outcome.effects(),
      ...flushDeadline.arm(due, at),
    ];
  };

  const publish = (fields: SentFields, grade: Grade): readonly PresenceEffect[] =>
    cutToFrames(fields, config.frameBytesMax).map((frame) => ({
      kind: 'publish',
      update: { kind: 'presence', owner: self, epoch, grade, fields: frame },
    }));

  const take = (from: PeerId, claims: readonly Claim[], at: Instant): readonly PresenceEffect[] => {
    const outcome = createOutcome();
    const seqBefore = own.seq();
    for (const claim of claims) {
      const reason = claim.owner === self ? answerForgery(claim, at) : others.take(claim, at, outcome);
      if (reason) outcome.refuse(from, reason);
    }
    shown.outdate(outcome.owners());
    const isOutnumbered = own.seq() > seqBefore;
    const answers = isOutnumbered ? publishDue(outcome, at) : outcome.effects();
    return [...answers, ...expireDeadline.arm(others.expireDue(), at)];
  };

  /** Echoes of what we showed come back and mean nothing; what we never showed is a forgery, and is outdone. */
  const answerForgery = (claim: Claim, at: Instant): 'forged-presence' | undefined => {
    const isOld = claim.epoch < epoch;
    // Nothing that we have said outranks it: it would be shown as ours for good.
    if (isOld && own.seq() === 0) own.outnumber(claim.field, 0, at);
    if (isOld || (claim.epoch === epoch && own.isEcho(claim))) return undefined;
    if (claim.epoch === epoch) own.outnumber(claim.field, claim.seq, at);
    return 'forged-presence';
  };

  /** What we show ourselves stays, whatever the room thinks of us. */
  const forget = (owner: PeerId): readonly PresenceEffect[] => {
    if (owner === self) return [];
    const outcome = createOutcome();
    others.forget(owner, outcome);
    shown.outdate([owner]);
    return outcome.effects();
  };

  const afterTimer = (timer: PresenceTimer, at: Instant): readonly PresenceEffect[] => {
    if (timer.kind === 'flush') {
      return flushDeadline.take(timer.token) ? publishDue(createOutcome(), at) : [];
    }
    if (!expireDeadline.take(timer.token)) return [];
    const outcome = createOutcome();
    others.expire(at, outcome);
    shown.outdate(outcome.owners());
    return [...outcome.effects(), ...expireDeadline.arm(others.expireDue(), at)];
  };

  const inspect = (): PresenceSnapshot => Object.freeze({ fieldsByOwner: shown.fieldsByOwner(), movers });

  return { handle, inspect };
}

function updateToClaims({ owner, epoch, grade, fields }: PresenceUpdate): readonly Claim[] {
  return fields.map((field) => ({ owner, epoch, ...field, grade }));
}

function recordToClaim(record: PresenceRecord): Claim {
  return { ...record, grade: 'rest' };
}
