/** Receipts that a simulation can make again: they keep no secret. */
import { bytesToReceipt, RECEIPT_BYTES, type Receipt } from '#shared/base/receipt.ts';

export function numberToReceipt(number: number): Receipt {
  const bytes = new Uint8Array(RECEIPT_BYTES);
  new DataView(bytes.buffer).setFloat64(0, number);
  return bytesToReceipt(bytes);
}
