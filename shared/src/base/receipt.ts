/**
 * What only the reader of a sealed message learns of it beside its content: who gives it back has read the message.
 * Drawn by the sender's shell, which has randomness fit for secrets; the core compares it and never makes one.
 */
import { bytesToHex, hexToBytes } from './hex.ts';

/** 16 bytes as 32 lowercase hex digits. */
export type Receipt = string & { readonly brand: 'Receipt' };

export const RECEIPT_BYTES: number = 16;

/** Makes a `Receipt` of 16 bytes. */
export function bytesToReceipt(bytes: Uint8Array): Receipt {
  return bytesToHex(bytes) as Receipt;
}

export function receiptToBytes(receipt: Receipt): Uint8Array {
  return hexToBytes(receipt);
}
