/** The list of who is here. The drawing of the mesh is a picture of this list. */
import { badge } from './badge.ts';
import { readName } from './check.ts';
import { byId, html, placeInOrder, setAttribute, setText } from './dom.ts';
import type { Highlight } from './highlight.ts';
import type { PageMember, PageMesh } from './presence.ts';
import { count, memberWords } from './sentence.ts';

/** A row costs the page some elements; beyond this many, members are only counted. */
const ROWS_MAX: number = 200;

export interface PeopleDeps {
  readonly mesh: PageMesh;
  readonly highlight: Highlight;
  /** Round trips measured by hand, for members without a link of our own. */
  readonly pinged: ReadonlyMap<string, number>;
  /** Starts a message to one member. */
  readonly writeTo: (id: string) => void;
}

interface Row {
  readonly element: HTMLLIElement;
  readonly draw: (member: PageMember, name: string) => void;
}

/** Returns what redraws the list. */
export function createPeople(place: HTMLElement, deps: PeopleDeps): () => void {
  const rowById = new Map<string, Row>();
  place.addEventListener('pointerleave', () => deps.highlight.point(undefined));
  place.addEventListener('focusout', () => deps.highlight.point(undefined));

  return () => {
    const shown = inOrder([...deps.mesh.members]).slice(0, ROWS_MAX);
    const ids = new Set(shown.map(({ member }) => member.id));
    for (const [id, row] of rowById) {
      if (ids.has(id)) continue;
      row.element.remove();
      rowById.delete(id);
    }
    for (const { member, name } of shown) {
      const row = rowById.get(member.id) ?? createRow(member, deps);
      rowById.set(member.id, row);
      row.draw(member, name);
    }
    placeInOrder(
      place,
      shown.map(({ member }) => rowById.get(member.id)?.element).filter((element) => element !== undefined),
    );
    setText(byId('people-tally'), count(deps.mesh.members.size, 'tab'));
  };
}

/** Oneself first, then by name: who is heard better or worse does not make the list jump. */
function inOrder(
  members: readonly PageMember[],
): readonly { readonly member: PageMember; readonly name: string }[] {
  return members
    .map((member) => ({ member, name: readName(member.presence.name, member.id) }))
    .toSorted((one, other) => {
      if (one.member.self !== other.member.self) return one.member.self ? -1 : 1;
      return one.name.localeCompare(other.name) || (one.member.id < other.member.id ? -1 : 1);
    });
}

function createRow({ id, self }: PageMember, deps: PeopleDeps): Row {
  const name = html('span', { class: 'name' });
  const facts = html('span', { class: 'facts' });
  const text = html('span', { class: 'who' }, [name, facts]);
  const element = html('li', { class: 'member', 'data-testid': 'member', 'data-peer': id }, [
    badge(id),
    text,
  ]);
  if (self) element.append(html('span', { class: 'mark' }, ['you']));
  const write = html('button', { type: 'button', class: 'quiet', 'data-testid': 'write-to' }, ['Write']);
  if (!self) element.append(write);

  write.addEventListener('click', () => deps.writeTo(id));
  element.addEventListener('pointerenter', () => deps.highlight.point(id));
  element.addEventListener('focusin', () => deps.highlight.point(id));

  const draw = (member: PageMember, shownName: string): void => {
    const rtt = member.rtt ?? (member.hops === 1 ? undefined : deps.pinged.get(id));
    setText(name, shownName);
    setText(facts, memberWords({ ...member, rtt }));
    setAttribute(element, 'data-status', member.status);
    setAttribute(element, 'data-activity', member.activity);
    setAttribute(element, 'data-link', member.link);
    setAttribute(write, 'aria-label', `Write to ${shownName}`);
  };
  return { element, draw };
}
