/** Which payloads are acknowledged by those alone who have read them. */
import type { Receipt } from '../base/receipt.ts';
import type { RoutedPayload } from './messages.ts';

export function receiptOf(payload: RoutedPayload): Receipt | null {
  if (payload.kind === 'direct') return payload.receipt;
  return (payload.kind === 'sealed' && payload.receipt) || null;
}
