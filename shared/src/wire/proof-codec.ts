/**
 * Proofs: a flag, then who signed, the place of the gossip that was signed, and the signature. What a record says
 * without its proof is written by functions named `…Facts`: the bytes that are signed are made of them.
 */
import { epoch } from '../base/ids.ts';
import { SIGNATURE_BYTES, type Proof } from '../base/proof.ts';
import { RECORDS_MAX } from './limits.ts';
import { readBytes, readFlag, readKey, readUint, type Reader } from './reader.ts';
import { writeBytes, writeFlag, writeKey, writeUint, type Writer } from './writer.ts';

export function writeProof(writer: Writer, proof: Proof | null): void {
  writeFlag(writer, proof !== null);
  if (proof === null) return;
  writeKey(writer, proof.key);
  writeUint(writer, proof.epoch);
  writeUint(writer, proof.seq);
  writeUint(writer, proof.of, RECORDS_MAX);
  writeBytes(writer, proof.signature, SIGNATURE_BYTES);
}

export function readProof(reader: Reader): Proof | null {
  if (!readFlag(reader)) return null;
  return {
    key: readKey(reader),
    epoch: epoch(readUint(reader)),
    seq: readUint(reader),
    of: readUint(reader, RECORDS_MAX),
    signature: readBytes(reader, SIGNATURE_BYTES),
  };
}
