/** What the command is told by its environment, and what it tells people. Pure. */
import { unreachable } from '#shared/base/assert.ts';
import { err, ok, type Result } from '#shared/base/result.ts';

export interface Settings {
  readonly host: string;
  /** 0 asks the system for any free one. */
  readonly port: number;
}

export interface SettingsSource {
  readonly PORT?: string | undefined;
  readonly HOST?: string | undefined;
}

/**
 * This machine only. To let phones and others on the local network in, start with `HOST=0.0.0.0` behind
 * something that speaks `https`: by plain http from another machine browsers have no WebCrypto, and nobody can join.
 */
const HOST_DEFAULT: string = '127.0.0.1';
const PORT_DEFAULT: number = 8080;

/** Letters, digits, dots and dashes; or the hexadecimal groups of an IPv6 address. */
const HOST: RegExp = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|[0-9A-Fa-f:.]{2,45})$/;

/** An empty value counts as none. The error is one sentence. */
export function parseSettings(source: SettingsSource): Result<Settings, string> {
  const portText = source.PORT || String(PORT_DEFAULT);
  const host = source.HOST || HOST_DEFAULT;
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port <= 65_535)) {
    return err(`PORT must be a whole number from 0 to 65535, not ${JSON.stringify(portText)}.`);
  }
  if (!HOST.test(host)) {
    return err(`HOST must be a host name or an IP address, not ${JSON.stringify(host)}.`);
  }
  return ok({ host, port });
}

/** The one line of a start. Addresses that mean this machine are shown as localhost, where browsers allow most. */
export function startLine({ host, port }: Settings): string {
  const local = ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(host);
  const shown = local ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `Gossamer is at http://${shown}:${port}`;
}

type StartErrorCode = 'port-taken' | 'port-forbidden' | 'host-unknown' | 'start-failed';

/** Why the server could not listen. Nothing of it is left running; the message is one sentence. */
export interface StartError extends Error {
  readonly code: StartErrorCode;
}

export function createStartError(cause: unknown, { host, port }: Settings): StartError {
  const code = startErrorCode(cause);
  return Object.assign(new Error(startSentence(code, { host, port }), { cause }), { code });
}

function startErrorCode(cause: unknown): StartErrorCode {
  const systemCode = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (systemCode) {
    case 'EADDRINUSE':
      return 'port-taken';
    case 'EACCES':
      return 'port-forbidden';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host-unknown';
    default:
      return 'start-failed';
  }
}

function startSentence(code: StartErrorCode, { host, port }: Settings): string {
  switch (code) {
    case 'port-taken':
      return `Port ${port} is taken: stop what uses it, or choose another with PORT.`;
    case 'port-forbidden':
      return `Port ${port} needs more rights than this user has: choose one above 1023 with PORT.`;
    case 'host-unknown':
      return `${host} is no address of this machine: choose another with HOST.`;
    case 'start-failed':
      return `The server could not listen on ${host}, port ${port}.`;
    default:
      return unreachable(code);
  }
}
