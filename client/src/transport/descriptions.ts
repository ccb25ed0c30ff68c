/**
 * Session descriptions and candidates as text, and back. What comes from a peer is checked field by
 * field and rebuilt, because simple-peer destroys a connection over a signal it does not like.
 */

/** Longest text of one signal, in UTF-16 units; a description of a data channel takes about 600. */
export const DESCRIPTIONS_LENGTH_MAX: number = 16_384;
/** Descriptions in one signal. */
const DESCRIPTIONS_MAX = 64;
const CANDIDATE_LENGTH_MAX = 1_024;

export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

export interface CandidateDescription {
  readonly type: 'candidate';
  readonly candidate: {
    readonly candidate: string;
    readonly sdpMid: string | null;
    readonly sdpMLineIndex: number | null;
  };
}

export type Description = SessionDescription | CandidateDescription;

/**
 * What the ends of an open channel tell each other. An answer names the `offer` that it answers, by the ICE
 * credentials in that; `renegotiate`: that the initiator should offer.
 */
export type Redescription =
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'answer'; readonly sdp: string; readonly offer: string }
  | { readonly type: 'renegotiate' };

export const descriptionsToText = (descriptions: readonly unknown[]): string => JSON.stringify(descriptions);

export const NO_DESCRIPTIONS: string = descriptionsToText([]);

/**
 * The same without what tells an address of this machine, be it by a name: of the candidates those that are relayed,
 * which do not say for whom. A browser that is to relay gathers no others; this does not rest on it.
 */
export function hideAddresses(text: string): string {
  const shown = textToDescriptions(text)?.flatMap((description): Description[] => {
    if (description.type !== 'candidate') return [{ ...description, sdp: hideLines(description.sdp) }];
    const candidate = hideLines(description.candidate.candidate);
    const isHidden = candidate === '' && description.candidate.candidate !== '';
    return isHidden ? [] : [{ ...description, candidate: { ...description.candidate, candidate } }];
  });
  return descriptionsToText(shown ?? []);
}

/**
 * The same of the lines of one description: RFC 8839, 5.1 (candidates and their related addresses); RFC 8866, 5.2 and
 * 5.7 (origin and connection).
 */
export function hideLines(sdp: string): string {
  return sdp
    .replaceAll(/^(?:a=)?candidate:(?!.* typ relay\b).*(?:\r?\n|$)/gimu, '')
    .replaceAll(/ raddr \S+ rport \d+/giu, ' raddr 0.0.0.0 rport 0')
    .replaceAll(/\bIN IP[46] \S+/giu, 'IN IP4 0.0.0.0');
}

/** The descriptions, or `undefined` when any of them is not one. */
export function textToDescriptions(text: string): readonly Description[] | undefined {
  return parse(text, toDescription);
}

/** The same of an open channel. */
export function textToRedescriptions(text: string): readonly Redescription[] | undefined {
  return parse(text, toRedescription);
}

function parse<D>(text: string, toOne: (item: unknown) => D | undefined): readonly D[] | undefined {
  if (text.length > DESCRIPTIONS_LENGTH_MAX) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || parsed.length > DESCRIPTIONS_MAX) return undefined;
  const descriptions = parsed.map(toOne);
  return descriptions.every((description) => description !== undefined) ? descriptions : undefined;
}

function toRedescription(item: unknown): Redescription | undefined {
  if (isObject(item) && item.type === 'renegotiate') return { type: 'renegotiate' };
  const description = toDescription(item);
  if (!description || description.type === 'candidate') return undefined;
  const { type, sdp } = description;
  if (type === 'offer') return { type, sdp };
  return isObject(item) && typeof item.offer === 'string' ? { type, sdp, offer: item.offer } : undefined;
}

function toDescription(item: unknown): Description | undefined {
  if (!isObject(item)) return undefined;
  const { type, sdp, candidate } = item;
  if ((type === 'offer' || type === 'answer') && typeof sdp === 'string') return { type, sdp };
  if (type !== 'candidate' || !isObject(candidate)) return undefined;
  const { candidate: line, sdpMid, sdpMLineIndex } = candidate;
  if (typeof line !== 'string' || line.length > CANDIDATE_LENGTH_MAX) return undefined;
  if (sdpMid !== null && typeof sdpMid !== 'string') return undefined;
  if (sdpMLineIndex !== null && !isIndex(sdpMLineIndex)) return undefined;
  // Nobody could say what it is for: a browser throws.
  if (sdpMid === null && sdpMLineIndex === null) return undefined;
  return { type, candidate: { candidate: line, sdpMid, sdpMLineIndex } };
}

function isObject(
  item: unknown,
): item is Record<'type' | 'sdp' | 'offer' | 'candidate' | 'sdpMid' | 'sdpMLineIndex', unknown> {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}

function isIndex(item: unknown): item is number {
  return typeof item === 'number' && Number.isInteger(item) && item >= 0 && item < 1_000;
}
