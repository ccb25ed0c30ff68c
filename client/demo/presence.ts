/** What a member of this page shows to everyone. */
import type { Member, Mesh } from '../src/index.ts';
import { readName } from './check.ts';

/** A type, not an interface: only that is a set of presence fields. */
export type Shown = {
  readonly name: string;
  /** Where the pointer is on the stage; null when it is elsewhere. */
  readonly cursor: { readonly x: number; readonly y: number } | null;
};

export type PageMesh = Mesh<Shown>;
export type PageMember = Member<Shown>;

/** The name to write for a member, whether it is still here or not. */
export function nameIn(mesh: PageMesh, id: string): string {
  return readName(mesh.members.get(id)?.presence.name, id);
}
