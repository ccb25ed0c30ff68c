/**
 * The way in of one link: what a frame says in somebody's name is verified before the node sees it. Frames come out
 * as they came in; what fails is dropped whole and told with its reason, of which the neighbor that brought it is guilty.
 * Of a letter that cannot be opened it need not be: who carries one cannot see what is in it.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { Instant } from '#shared/base/time.ts';
import type { Result } from '#shared/base/result.ts';
import { createTokenBucket, type TokenBucketConfig } from '#shared/base/token-bucket.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import type { FrameProblem } from '#shared/wire/reader.ts';
import { statementsOf, type Statement, type StatementProblem } from '#shared/wire/statement.ts';
import type { Vouch } from '../identity/card.ts';
import { vouchesIn } from '../identity/directory.ts';
import type { Letter, LetterProblem, Letters } from '../identity/letters.ts';
import type { Signed, Verifier } from '../identity/verifier.ts';
import { createInOrder, type InOrderLimits, type Step } from './in-order.ts';
import { createLanes } from './lanes.ts';
import { createLetterOffice, type LetterLimits } from './letter-office.ts';

/** Why a frame that could be read is dropped all the same. */
export type DoorProblem =
  | StatementProblem
  | LetterProblem
  | 'wrong-author'
  | 'bad-signature'
  | 'bad-card'
  | 'verify-quota'
  | 'too-many-forgeries'
  | 'letter-quota';

export interface DoorInLimits extends LetterLimits {
  /** Frames that wait for others before them. More holds more memory; less gives honest links up while a page hangs. */
  readonly waiting: InOrderLimits;
  /** What a neighbor may have us verify. More lets it keep a core busy; less drops what honest ones hand over. */
  readonly verifications: TokenBucketConfig;
  /** Bad signatures after which nothing more is verified for it. An honest neighbor brings none: it verified them. */
  readonly badSignatures: TokenBucketConfig;
  /** Verifications of one link under way. More delays those of other links; fewer leaves the browser's threads idle. */
  readonly underWayMax: number;
}

export const doorInLimits: DoorInLimits = {
  // a neighbor's quota at once: whatever is beyond it, the node would drop
  waiting: { stepsMax: 40_000, bytesMax: 67_108_864 },
  // at once the largest state: a comparison hands that over in one go; guess: then a tenth of a core, at 0.25 ms each
  verifications: { burst: 65_536, perSecond: 400 },
  badSignatures: { burst: 16, perSecond: 0.1 }, // guess: they should not come at all
  letters: { burst: 1_024, perSecond: 200 }, // at once all that one may wait for; guess: then a fifth of a core, at 1.1 ms each
  badLetters: { burst: 16, perSecond: 0.1 }, // as of bad signatures
  originsMax: 4_096, // twice the largest room of the design
  underWayMax: 64, // guess: some 10 ms of one thread
};

export interface DoorInDeps {
  readonly peer: PeerId;
  readonly topic: () => string;
  readonly verifier: Verifier;
  readonly letters: Letters;
  readonly now: () => Instant;
  readonly limits: DoorInLimits;
}

export interface DoorIn {
  /** A frame came; it is told at once where nothing is to be waited for. False: too much waits. */
  readonly take: (frame: Result<LinkMessage, FrameProblem>, bytes: number) => boolean;
  /** Whether frames that came are still being verified, or wait behind such. */
  readonly waits: () => boolean;
  /** No frame follows; `last` is done when all that came are through. */
  readonly end: (last: Step) => void;
  /** Nothing is admitted any more. */
  readonly drop: () => void;
}

export interface DoorInHandlers {
  readonly admit: (message: LinkMessage, bytes: number) => void;
  /** A frame of so many bytes, of which the neighbor is guilty: an honest one refuses it, too. */
  readonly refuse: (problem: FrameProblem | DoorProblem, bytes: number) => void;
  /** Refused without a word of whose fault it is: nobody can tell. */
  readonly count: (problem: DoorProblem) => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the budget of one link.
export function createDoorIn(deps: DoorInDeps, handlers: DoorInHandlers): DoorIn {
  const { admit, refuse } = handlers;
  const { verifier, limits, now } = deps;
  const order = createInOrder(limits.waiting);
  const lanes = createLanes(limits.underWayMax);
  const verifications = createTokenBucket(limits.verifications, now());
  const bad = createTokenBucket(limits.badSignatures, now());
  const letterOffice = createLetterOffice(deps, handlers);
  let open = true;

  const isDoubtful = (one: Signed): boolean => !verifier.isGood(one);

  /** Cheap things first: what needs no verification is judged at once. */
  const judge = (message: LinkMessage): DoorProblem | Doubtful => {
    const statements = statementsOf(deps.topic(), message);
    if (!statements.ok) return statements.error;
    const isForged = statements.value.some(({ author, proof }) => !verifier.isKeyOf(proof.key, author));
    if (isForged) return 'wrong-author';
    return {
      statements: statements.value.filter(isDoubtful),
      vouches: vouchesIn(deps.topic(), message).filter(isDoubtful),
    };
  };

  /** Why these are not verified; of too many forgeries their bringer is guilty, of much to verify it need not be. */
  const spared = (statements: readonly Signed[]): Spared | undefined => {
    const cost = statements.filter((one) => !verifier.isFree(one)).length;
    if (cost === 0) return undefined;
    if (!bad.take(0, now(), 1)) return 'too-many-forgeries';
    return verifications.take(cost, now()) ? undefined : 'verify-quota';
  };

  /** No more at a time than may be under way, so that a frame full of bad ones costs no more than these. */
  const findBad = async <T extends Signed>(
    all: readonly T[],
    charge: () => void,
  ): Promise<readonly T[] | Spared> => {
    for (let at = 0; at < all.length; at += limits.underWayMax) {
      const some = all.slice(at, at + limits.underWayMax);
      const found = await lanes(some.length, async () => {
        const reason = open ? spared(some) : 'verify-quota';
        if (reason) return reason;
        const answers = await Promise.all(some.map(verifier.verify));
        const failed = some.filter((_one, nth) => !answers[nth]);
        failed.forEach(charge);
        return failed;
      });
      if (found.length > 0) return found;
    }
    return [];
  };

  /** What there is to tell when not all of it was signed by those who are said to have signed it. */
  const verifyAll = async ({ statements, vouches }: Doubtful, bytes: number): Promise<Step | null> => {
    const unsigned = await findBad(statements, () => bad.take(1, now()));
    if (typeof unsigned === 'string') return () => refuse(unsigned, bytes);
    if (unsigned.length > 0) return () => refuse('bad-signature', bytes);
    const hollow = await findBad(vouches, () => bad.take(1, now()));
    if (typeof hollow === 'string') return () => refuse(hollow, bytes);
    return hollow.length > 0 ? () => refuse('bad-card', bytes) : null;
  };

  const openLetter = (letter: Letter, bytes: number, enter: (message: LinkMessage) => Step): Promise<Step> =>
    lanes(Math.min(LETTER_UNITS, limits.underWayMax), async () => {
      const opened = open ? await letterOffice.open(letter) : 'letter-quota';
      return typeof opened === 'string'
        ? () => letterOffice.refuse(opened, bytes, letter.origin)
        : enter(opened);
    });

  const stepOf = (
    found: Letter | LetterProblem,
    bytes: number,
    enter: (message: LinkMessage) => Step,
  ): Step | Promise<Step> => {
    if (found === 'unsealed') return () => refuse(found, bytes);
    if (found === 'not-opened') return () => letterOffice.refuse(found, bytes, undefined);
    return openLetter(found, bytes, enter);
  };

  /** Looks again once all that came before it is through: its writer's card may be among that. */
  const findInTurn = (message: LinkMessage): Promise<Letter | LetterProblem> | false => {
    let begin: (() => void) | undefined;
    const turn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const hasRoom = order.push(
      () => begin?.(),
      () => 0,
    );
    return hasRoom && turn.then(() => deps.letters.find(message) ?? 'not-opened');
  };

  return {
    take: (frame, bytes) => {
      const size = (): number => bytes;
      if (!frame.ok) return order.push(() => refuse(frame.error, bytes), size);
      const judged = judge(frame.value);
      if (typeof judged === 'string') return order.push(() => refuse(judged, bytes), size);
      const enter =
        (message: LinkMessage): Step =>
        () =>
          admit(message, bytes);
      const letter = deps.letters.find(frame.value);
      if (letter === 'not-opened') {
        const found = findInTurn(frame.value);
        return (
          found &&
          order.push(
            found.then((late) => stepOf(late, bytes, enter)),
            size,
          )
        );
      }
      if (letter !== undefined) return order.push(stepOf(letter, bytes, enter), size);
      if (judged.statements.length + judged.vouches.length === 0) return order.push(enter(frame.value), size);
      return order.push(
        verifyAll(judged, bytes).then((refusal) => refusal ?? enter(frame.value)),
        size,
      );
    },
    waits: order.waits,
    end: order.end,
    drop: () => {
      open = false;
      order.drop();
    },
  };
}

type Spared = 'too-many-forgeries' | 'verify-quota';

/** What of a frame was not found good before. */
interface Doubtful {
  readonly statements: readonly Statement[];
  readonly vouches: readonly Vouch[];
}

/** What opening a letter costs, in verifications of a signature. */
const LETTER_UNITS: number = 4;
