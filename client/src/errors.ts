/** Errors that an application can act on by their code. */
import type { MeshErrorCode, MeshErrorDetail } from './types.ts';

/** What the library throws, rejects with and emits; `code` is stable, `message` is for people. */
export class MeshError extends Error implements MeshErrorDetail {
  override readonly name = 'MeshError' as const;
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
